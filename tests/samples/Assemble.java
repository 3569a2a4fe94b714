/* Turns folders into signed APKs in one Java process, because starting one for each takes seconds.
 *
 *   java -cp CLASSPATH Assemble.java KEYS < jobs
 *
 * KEYS holds NAME.pk8 and NAME.der, one pair for each key. A job is one line of tabs: the folder (smali/ is code,
 * apk/ are the entries as they are), the APK to be written, and the key's name or "-" for an unsigned one. */

import com.android.apksig.ApkSigner;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jf.smali.Smali;
import org.jf.smali.SmaliOptions;

public class Assemble {
    private static final Map<String, ApkSigner.SignerConfig> signers = new HashMap<>();

    private static ApkSigner.SignerConfig signer(Path keys, String name) throws Exception {
        ApkSigner.SignerConfig known = signers.get(name);
        if (known != null) {
            return known;
        }
        byte[] raw = Files.readAllBytes(keys.resolve(name + ".pk8"));
        PrivateKey key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(raw));
        X509Certificate cert;
        try (var in = Files.newInputStream(keys.resolve(name + ".der"))) {
            cert = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
        known = new ApkSigner.SignerConfig.Builder(name, key, List.of(cert)).build();
        signers.put(name, known);
        return known;
    }

    private static List<Path> files(Path folder) throws IOException {
        try (var walk = Files.walk(folder)) {
            return new ArrayList<>(walk.filter(Files::isRegularFile).sorted().toList());
        }
    }

    private static void assemble(Path folder) throws IOException {
        Path smali = folder.resolve("smali");
        if (!Files.isDirectory(smali)) {
            return;
        }
        SmaliOptions options = new SmaliOptions();
        options.apiLevel = 28;
        options.jobs = 1;
        options.outputDexFile = folder.resolve("apk/classes.dex").toString();
        if (!Smali.assemble(options, List.of(smali.toString()))) {
            throw new IOException(smali + " does not assemble");
        }
    }

    /* Entries are stored: the samples are small, and nothing is to be won. */
    private static void zip(Path folder, Path out) throws IOException {
        try (OutputStream file = Files.newOutputStream(out); ZipOutputStream zip = new ZipOutputStream(file)) {
            zip.setMethod(ZipOutputStream.STORED);
            for (Path path : files(folder)) {
                byte[] bytes = Files.readAllBytes(path);
                CRC32 crc = new CRC32();
                crc.update(bytes);
                ZipEntry entry = new ZipEntry(folder.relativize(path).toString().replace(File.separatorChar, '/'));
                entry.setSize(bytes.length);
                entry.setCompressedSize(bytes.length);
                entry.setCrc(crc.getValue());
                entry.setTime(1577836800000L);
                zip.putNextEntry(entry);
                zip.write(bytes);
                zip.closeEntry();
            }
        }
    }

    private static void build(Path keys, Path folder, Path apk, String key) throws Exception {
        Path plain = folder.resolve("unsigned.apk");
        Path done = folder.resolve("signed.apk");
        assemble(folder);
        zip(folder.resolve("apk"), plain);
        if (key.equals("-")) {
            done = plain;
        } else {
            new ApkSigner.Builder(List.of(signer(keys, key))).setInputApk(plain.toFile())
                    .setOutputApk(done.toFile()).setV1SigningEnabled(false).setV2SigningEnabled(true)
                    .setV3SigningEnabled(false).setMinSdkVersion(24).build().sign();
        }
        Files.move(done, apk, StandardCopyOption.REPLACE_EXISTING); /* whole, or not there */
    }

    public static void main(String[] args) throws Exception {
        Path keys = Path.of(args[0]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] part = line.split("\t");
            try {
                build(keys, Path.of(part[0]), Path.of(part[1]), part[2]);
            } catch (Exception problem) {
                System.err.println(part[0] + ": " + problem);
                System.exit(1);
            }
        }
    }
}
