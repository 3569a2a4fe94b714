#include <libdeflate.h>
#include <openssl/evp.h>

#include "formats/android/dex.h"
#include "formats/android/dex_bytes.h"

#define SHA1_SIZE    20U
#define ADLER_BEGIN  12U /* behind magic and checksum */
#define DIGEST_BEGIN 32U /* behind the signature */

/* pk_dex_open() saw that the header and file_size bytes from it on are there. */
void pk_dex_check_sums(const struct pk_dex *dex)
{
    const uint8_t *begin = dex->file.ptr + dex->header_offset;
    uint32_t adler = libdeflate_adler32(1, begin + ADLER_BEGIN, dex->file_size - ADLER_BEGIN);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (adler != dex->checksum) {
        pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_CHECKSUM, "'%s': claims %08x, is %08x",
                dex->name, (unsigned)dex->checksum, (unsigned)adler);
    }
    if (EVP_Digest(begin + DIGEST_BEGIN, dex->file_size - DIGEST_BEGIN, digest, &size, EVP_sha1(),
                NULL) == 1 &&
            memcmp(digest, begin + ADLER_BEGIN, SHA1_SIZE) != 0) {
        pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_SIGNATURE,
                "'%s': the SHA-1 of the header is not that of the bytes", dex->name);
    }
}
