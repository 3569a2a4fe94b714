/* limits.h - what a file may ask of us, and why. Reaching a limit is an anomaly (limit.*), never a
 * silent cut: a report that could not see everything says so. A room adds its own below. */
#pragma once

/* One scan's arena: facts, indexes, pools. The largest real tables (a 60,000-entry archive, a
 * 20 MB resource table) need a quarter of it. */
#define PK_SCAN_ARENA_MAX (192UL * 1024 * 1024)

/* --- zip */
#define PK_ZIP_ENTRIES_MAX \
    65535UL /* what the format without ZIP64 can count; Android reads no ZIP64 */
/* From here on limit.zip_entries is said: the largest stores' apps stay far below. */
#define PK_ZIP_ENTRIES_ODD 60000UL
#define PK_ZIP_FOLDERS_MAX 128UL /* that a name leads through; real ones stay below 20 */
/* One inflated entry held in memory: four times the largest classes.dex or resources.arsc seen. */
#define PK_ZIP_ENTRY_MAX (128UL * 1024 * 1024)
/* Inflated bytes in all: real apps inflate to 2-4 times their size, so 20 times is a bomb. */
#define PK_ZIP_TOTAL_BASE  (64UL * 1024 * 1024)
#define PK_ZIP_TOTAL_RATIO 20UL
/* Above this total only that ratio is granted: a large file full of zeros would take seconds. */
#define PK_ZIP_TOTAL_LARGE       (1024UL * 1024 * 1024)
#define PK_ZIP_TOTAL_RATIO_LARGE 5UL
/* DEFLATE cannot do better than 1032:1, so a larger claim is a lie and nothing is allocated for it. */
#define PK_DEFLATE_RATIO_MAX 1032UL

/* --- trees */
#define PK_AXML_DEPTH_MAX   256UL /* elements; real manifests have 8 */
#define PK_PLIST_DEPTH_MAX  64UL  /* real ones stay below 10 */
#define PK_BUNDLE_DEPTH_MAX 2UL   /* an XAPK holds APKs; an APK inside those is not opened */
#define PK_DER_DEPTH_MAX    32UL
/* Values of one property list, counted as a reader of the tree meets them: a bplist may refer to the
 * same object many times. The largest real ones (asset catalogues) have 100,000. */
#define PK_PLIST_NODES_MAX 1000000UL
/* Bytes of its strings, keys and data, counted the same way. */
#define PK_PLIST_BYTES_MAX (64UL * 1024 * 1024)

/* --- counts */
#define PK_RESPOOL_STRINGS_MAX 2000000UL /* strings of one pool */
#define PK_DEX_FILES_MAX       500UL     /* DEX files of one APK; the largest apps have about 60 */
#define PK_BUNDLE_PARTS_MAX    256UL     /* files of an APKS/XAPK that are opened */
#define PK_MACHO_SLICES_MAX    64UL /* of a fat file; all architectures that ever were are fewer */
#define PK_MACHO_SYMBOLS_MAX   4096UL /* imports reported; more are counted out */
#define PK_MACHO_LIBRARIES_MAX 4096UL
#define PK_MACHO_TEXT_MAX      1024UL /* bytes of a path or symbol; what is longer is cut */
#define PK_IPA_PARTS_MAX       512UL /* frameworks and extensions of one app; the largest have 150 */
#define PK_NATIVE_LIBS_MAX     2000UL
#define PK_PERMISSIONS_MAX     2000UL /* reported; more are counted */

/* --- dex */
/* One string; a constant of a class file has at most 65,535 bytes. */
#define PK_DEX_STRING_MAX (1024UL * 1024)
/* The text of one method reference: class, name and 255 parameter types of usual lengths. */
#define PK_DEX_TEXT_MAX (16UL * 1024)
/* Bytes of class data and code that a walk reads, as a multiple of the file. Methods may share code, so
 * more than once is possible; a million methods that name one large body are a trap. */
#define PK_DEX_WALK_RATIO 4UL
/* Bytes behind all parts of a DEX from which on they are said: less is padding. */
#define PK_DEX_PAYLOAD_ODD 1024UL

/* --- manifest and resources */
/* Entries of all the lists of one manifest: components, filters, actions, metadata. The largest real
 * manifests have a few thousand. */
#define PK_MANIFEST_ITEMS_MAX 100000UL
/* Decoded names and values of one document; its strings may share their bytes. Real manifests have
 * some hundred kilobytes. */
#define PK_AXML_TEXT_MAX (16UL * 1024 * 1024)
/* Chunks of type ResTable_type: one a type and configuration. The framework's own table has 3000. */
#define PK_ARSC_TYPES_MAX    65536UL
#define PK_ARSC_PACKAGES_MAX 256UL /* package ids are one byte */
/* Configurations that all lookups of one table may compare: a quarter of a second of work. */
#define PK_ARSC_STEPS_MAX 5000000UL
/* Text that all answers of one table may hold: a manifest can ask for one long string again and again. */
#define PK_ARSC_TEXT_MAX (16UL * 1024 * 1024)

/* --- signatures */
/* Each signer costs up to 15 ms (a DSA key of 10,000 bits), and a JAR may have ten such blocks. Real
 * ones: one signer, two for different hashes at most; a chain of three certificates. */
#define PK_CMS_SIGNERS_MAX    8UL
#define PK_CMS_CERTS_MAX      64UL
#define PK_CMS_ATTRIBUTES_MAX 64UL
#define PK_CMS_CHAIN_MAX      8UL /* certificates above the signer's that are verified */

/* --- elf */
#define PK_ELF_NAMES_MAX  4096UL /* imported or exported names that are kept; all are counted */
#define PK_ELF_NAME_MAX   512UL  /* bytes of one; what is longer is cut */
#define PK_ELF_NEEDED_MAX 256UL  /* libraries that one asks for; real ones have below 50 */
/* Bytes of program headers: what the kernel and the linker take. */
#define PK_ELF_SEGMENT_BYTES_MAX (64UL * 1024)

/* --- signatures of APKs */
#define PK_APKSIG_PARTIES_MAX 16UL  /* signers of one scheme; the platform takes 10 of v2 */
#define PK_APKSIG_ENTRIES_MAX 256UL /* signatures, or digests, of one signer; there are 10 kinds */
#define PK_APKSIG_LINEAGE_MAX 128UL /* certificates of one lineage; real ones have 2 or 3 */
/* Work on keys and certificates of one APK, in checks of an RSA signature of 2048 bits (30 microseconds).
 * Ten signers of the slowest kind, in all schemes, need half of it. */
#define PK_APKSIG_WORK_MAX 16384UL
/* Bytes of an unknown pair in the signing block that are odd. */
#define PK_APKSIG_PAYLOAD_MIN   1024UL
#define PK_APKSIG_BAIT_MAX      16UL           /* signature files that are read only for bait */
#define PK_APKSIG_BAIT_SIZE_MAX (256UL * 1024) /* bytes of one; real ones have 2,000 */
#define PK_APKSIG_BAG_MAX       16UL           /* certificates of one */

/* --- JAR signatures */
/* MANIFEST.MF and .SF files: 65,535 entries with 200 bytes for each are 13 MB. */
#define PK_JAR_FILE_MAX (16UL * 1024 * 1024)
/* Signature blocks: certificates and signatures, some kilobytes. */
#define PK_JAR_BLOCK_MAX (1024UL * 1024)
/* Names of an .SF file that are no entry's and yet are checked for standing there twice. */
#define PK_JAR_FOREIGN_MAX 65536UL
