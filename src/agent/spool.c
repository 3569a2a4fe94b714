#include "agent/spool.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/reader.h"

static const char magic[8] = "PKSPOOL1";

/* length u32, CRC u32 over what follows it, kind u8, number u64, then the payload. */
#define FRAME_HEAD  17
#define CRC_FROM    8
#define RESERVE     1024  /* numbers that one write of the number file covers */
#define COMPACT_MIN 65536 /* a smaller file is not worth rewriting */

enum kind {
    ORDINARY = 'o',
    ESSENTIAL = 'O',
    ACKED = 'a',   /* number: everything up to it is acknowledged */
    DROPPED = 'd', /* number: how many were given up so far */
};

struct frame {
    uint8_t kind;
    int64_t number;
    struct pk_slice payload;
};

struct pk_spool {
    int dir;
    int fd;
    char seq_path[PATH_MAX];
    char path[PATH_MAX];
    size_t max;
    size_t size;      /* bytes that are good */
    size_t first;     /* offset of the oldest record that waits, or size */
    int64_t next;     /* number */
    int64_t reserved; /* numbers below it may be given out */
    bool torn;        /* half a frame stands behind size */
    bool dirty;       /* appended and not synced */
    struct pk_spool_state state;
};

/* CRC-32 (ISO 3309), bit by bit: a few kB an hour need no table. */
static uint32_t crc32_of(const uint8_t *ptr, size_t len, uint32_t crc)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= ptr[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320U & (0U - (crc & 1U)));
        }
    }
    return ~crc;
}

static int failed(struct pk_error *err, const struct pk_spool *s, const char *what)
{
    int saved = errno;

    return pk_error_set(err, -saved, "cannot %s '%s': %s", what, s->path, pk_code_text(-saved));
}

static void put_le(uint8_t *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static int write_all(int fd, const uint8_t *ptr, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, ptr, len);

        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n > 0) {
            ptr += n;
            len -= (size_t)n;
        }
    }
    return PK_OK;
}

/* Writes a frame at the end of fd in one go, so that a crash leaves it whole or torn, never mixed. */
static int put_frame(int fd, uint8_t kind, int64_t number, struct pk_slice payload)
{
    size_t len = FRAME_HEAD + payload.len;
    uint8_t *bytes = malloc(len);
    int rc;

    if (bytes == NULL) {
        return PK_ENOMEM;
    }
    put_le(bytes, payload.len, 4);
    bytes[8] = kind;
    put_le(bytes + 9, (uint64_t)number, 8);
    if (payload.len > 0) {
        memcpy(bytes + FRAME_HEAD, payload.ptr, payload.len);
    }
    put_le(bytes + 4, crc32_of(bytes + CRC_FROM, len - CRC_FROM, 0), 4);
    rc = write_all(fd, bytes, len);
    free(bytes);
    return rc;
}

/* Reads the frame at offset into buf (cleared first). PK_ETRUNC at the end, PK_EMALF: damaged. */
static int get_frame(const struct pk_spool *s, size_t at, struct pk_buffer *buf, struct frame *out)
{
    uint8_t head[FRAME_HEAD];
    struct pk_reader r = pk_reader_of(pk_slice_of(head, sizeof(head)));
    ssize_t n = pread(s->fd, head, sizeof(head), (off_t)at);
    uint32_t len;
    uint32_t crc;
    uint8_t *to;

    *out = (struct frame){ 0 };
    if (n != (ssize_t)sizeof(head)) {
        return n < 0 ? -errno : n == 0 ? PK_ETRUNC : PK_EMALF;
    }
    len = pk_read_le32(&r);
    crc = pk_read_le32(&r);
    out->kind = pk_read_u8(&r);
    out->number = (int64_t)pk_read_le64(&r);
    if (len > PK_SPOOL_RECORD_MAX || out->number < 0) {
        return PK_EMALF;
    }
    pk_buffer_clear(buf);
    to = pk_buffer_reserve(buf, len + 1);
    if (to == NULL) {
        return buf->rc;
    }
    n = pread(s->fd, to, len, (off_t)(at + FRAME_HEAD));
    if (n != (ssize_t)len) {
        return n < 0 ? -errno : PK_EMALF;
    }
    buf->len = len;
    out->payload = pk_slice_of(to, len);
    if (crc32_of(to, len, crc32_of(head + CRC_FROM, FRAME_HEAD - CRC_FROM, 0)) != crc) {
        return PK_EMALF;
    }
    return PK_OK;
}

static bool is_record(const struct frame *f)
{
    return f->kind == ORDINARY || f->kind == ESSENTIAL;
}

/* Goes once over the file: what is there, what waits, where the damage begins. */
static int scan(struct pk_spool *s, struct pk_error *err)
{
    struct pk_buffer buf = pk_buffer_of(PK_SPOOL_RECORD_MAX + 1);
    size_t at = sizeof(magic);
    int64_t highest = 0;
    struct frame f;
    int rc;

    while ((rc = get_frame(s, at, &buf, &f)) == PK_OK) {
        if (is_record(&f)) {
            highest = f.number > highest ? f.number : highest;
        } else if (f.kind == ACKED) {
            s->state.acked = f.number > s->state.acked ? f.number : s->state.acked;
        } else if (f.kind == DROPPED) {
            s->state.dropped = f.number;
        }
        at += FRAME_HEAD + f.payload.len;
    }
    if (rc != PK_ETRUNC && rc != PK_EMALF) {
        pk_buffer_finish(&buf);
        return pk_error_set(err, rc, "cannot read '%s': %s", s->path, pk_code_text(rc));
    }
    s->state.damaged = rc == PK_EMALF;
    s->size = at;
    highest = s->state.acked > highest ? s->state.acked : highest;
    s->next = highest + 1;
    s->first = s->size;
    for (at = sizeof(magic); at < s->size; at += FRAME_HEAD + f.payload.len) {
        if (get_frame(s, at, &buf, &f) != PK_OK) {
            break; /* it was good a moment ago */
        }
        if (is_record(&f) && f.number > s->state.acked) {
            s->first = s->state.pending == 0 ? at : s->first;
            s->state.pending++;
            s->state.pending_essential += f.kind == ESSENTIAL ? 1 : 0;
        }
    }
    pk_buffer_finish(&buf);
    return PK_OK;
}

/* The number file: decimal text, the first number that is not reserved yet. */
static int64_t read_reserved(const struct pk_spool *s)
{
    struct pk_buffer text = pk_buffer_of(32);
    int64_t value = 0;

    if (pk_file_read(s->seq_path, &text, NULL) == PK_OK && text.len > 0) {
        value = strtoll(text.ptr, NULL, 10);
    }
    pk_buffer_finish(&text);
    return value > 0 ? value : 0;
}

static int reserve(struct pk_spool *s, int64_t upto, struct pk_error *err)
{
    char text[32];
    int rc;

    (void)snprintf(text, sizeof(text), "%lld\n", (long long)upto);
    rc = pk_file_write(s->seq_path, pk_slice_str(text), 0600, err);
    if (rc == PK_OK) {
        s->reserved = upto;
    }
    return rc;
}

static int open_file(struct pk_spool *s, bool *fresh, struct pk_error *err)
{
    struct stat st;
    char begin[sizeof(magic)];

    s->fd = open(s->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (s->fd < 0 || fstat(s->fd, &st) != 0) {
        return failed(err, s, "open");
    }
    *fresh = st.st_size < (off_t)sizeof(magic); /* new, or killed while it was born */
    if (*fresh) {
        if (ftruncate(s->fd, 0) != 0) {
            return failed(err, s, "empty");
        }
        if (write_all(s->fd, (const uint8_t *)magic, sizeof(magic)) < 0 || fsync(s->fd) != 0) {
            return failed(err, s, "write");
        }
        return PK_OK;
    }
    if (pread(s->fd, begin, sizeof(begin), 0) != (ssize_t)sizeof(begin) ||
            memcmp(begin, magic, sizeof(magic)) != 0) {
        return pk_error_set(err, PK_EMALF, "'%s' is not a spool", s->path);
    }
    return PK_OK;
}

/* The lock lies on the folder: the file itself is replaced now and then. */
static int lock_folder(struct pk_spool *s, const char *dir, struct pk_error *err)
{
    s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0) {
        return pk_error_set(err, -errno, "cannot open '%s': %s", dir, pk_code_text(-errno));
    }
    if (flock(s->dir, LOCK_EX | LOCK_NB) != 0) {
        return pk_error_set(err, PK_EBUSY, "another agent works in '%s'", dir);
    }
    return PK_OK;
}

static int begin(struct pk_spool *s, const char *dir, struct pk_error *err)
{
    bool fresh = false;
    int rc = lock_folder(s, dir, err);

    if (rc == PK_OK &&
            (snprintf(s->path, PATH_MAX, "%s/spool", dir) >= PATH_MAX ||
                    snprintf(s->seq_path, PATH_MAX, "%s/spool.next", dir) >= PATH_MAX)) {
        rc = pk_error_set(err, -ENAMETOOLONG, "'%s' is too long a path", dir);
    }
    if (rc == PK_OK) {
        rc = open_file(s, &fresh, err);
    }
    if (rc == PK_OK) {
        rc = scan(s, err);
    }
    if (rc < 0) {
        return rc;
    }
    if (s->state.damaged && ftruncate(s->fd, (off_t)s->size) != 0) {
        return failed(err, s, "cut");
    }
    /* Records may be missing at the end; their numbers may be known to the server. */
    s->reserved = read_reserved(s);
    if ((fresh || s->state.damaged) && s->reserved > s->next) {
        s->next = s->reserved;
    }
    return s->next < s->reserved ? PK_OK : reserve(s, s->next + RESERVE, err);
}

int pk_spool_open(
        const char *state_dir, size_t max_bytes, struct pk_spool **out, struct pk_error *err)
{
    struct pk_spool *s = calloc(1, sizeof(*s));
    int rc;

    if (s == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    s->dir = s->fd = -1;
    s->max = max_bytes < PK_SPOOL_MAX_LEAST ? PK_SPOOL_MAX_LEAST : max_bytes;
    rc = begin(s, state_dir, err);
    if (rc < 0) {
        pk_spool_close(s);
        return rc;
    }
    *out = s;
    return PK_OK;
}

void pk_spool_close(struct pk_spool *spool)
{
    if (spool == NULL) {
        return;
    }
    if (spool->fd >= 0) {
        if (spool->dirty) {
            (void)fdatasync(spool->fd);
        }
        (void)close(spool->fd);
    }
    if (spool->dir >= 0) {
        (void)close(spool->dir);
    }
    free(spool);
}

int64_t pk_spool_next(const struct pk_spool *spool)
{
    return spool->next;
}

int pk_spool_skip(struct pk_spool *spool, int64_t next, struct pk_error *err)
{
    int rc;

    if (next <= spool->next) {
        return PK_OK;
    }
    rc = reserve(spool, next + RESERVE, err);
    if (rc == PK_OK) {
        spool->next = next;
    }
    return rc;
}

struct pk_spool_state pk_spool_state(const struct pk_spool *spool)
{
    struct pk_spool_state state = spool->state;

    state.bytes = spool->size;
    return state;
}

/* How many records must go so that those which stay need at most half of the room. */
struct plan {
    size_t keep_bytes;
    size_t drop_ordinary;
    size_t drop_essential;
};

static int make_plan(struct pk_spool *s, struct pk_buffer *buf, struct plan *out)
{
    size_t want = s->max / 2;
    size_t bytes = 0;
    struct frame f;

    *out = (struct plan){ 0 };
    for (size_t at = s->first; at < s->size; at += FRAME_HEAD + f.payload.len) {
        int rc = get_frame(s, at, buf, &f);

        if (rc < 0) {
            return rc;
        }
        bytes += is_record(&f) && f.number > s->state.acked ? FRAME_HEAD + f.payload.len : 0;
    }
    for (int pass = 0; pass < 2 && bytes > want; pass++) {
        uint8_t goes = pass == 0 ? ORDINARY : ESSENTIAL;
        size_t *count = pass == 0 ? &out->drop_ordinary : &out->drop_essential;

        for (size_t at = s->first; at < s->size && bytes > want; at += FRAME_HEAD + f.payload.len) {
            int rc = get_frame(s, at, buf, &f);

            if (rc < 0) {
                return rc;
            }
            if (f.kind == goes && f.number > s->state.acked) {
                bytes -= FRAME_HEAD + f.payload.len;
                (*count)++;
            }
        }
    }
    out->keep_bytes = bytes;
    return PK_OK;
}

/* Copies what stays into fd, after the state that is older than the oldest record. */
static int copy_kept(
        struct pk_spool *s, int fd, struct pk_buffer *buf, struct plan plan, struct pk_error *err)
{
    size_t dropped = plan.drop_ordinary + plan.drop_essential;
    struct frame f;
    int rc = write_all(fd, (const uint8_t *)magic, sizeof(magic));

    if (rc == PK_OK) {
        rc = put_frame(fd, ACKED, s->state.acked, pk_slice_of(NULL, 0));
    }
    if (rc == PK_OK) {
        rc = put_frame(fd, DROPPED, s->state.dropped + (int64_t)dropped, pk_slice_of(NULL, 0));
    }
    for (size_t at = s->first; rc == PK_OK && at < s->size; at += FRAME_HEAD + f.payload.len) {
        size_t *drop;

        rc = get_frame(s, at, buf, &f);
        if (rc < 0 || !is_record(&f) || f.number <= s->state.acked) {
            continue;
        }
        drop = f.kind == ORDINARY ? &plan.drop_ordinary : &plan.drop_essential;
        if (*drop > 0) {
            (*drop)--;
            continue;
        }
        rc = put_frame(fd, f.kind, f.number, f.payload);
    }
    if (rc == PK_OK && fsync(fd) != 0) {
        rc = -errno;
    }
    return rc < 0 ? pk_error_set(err, rc, "cannot rewrite '%s': %s", s->path, pk_code_text(rc))
                  : PK_OK;
}

/* Rewrites the file without what is acknowledged or must give way. A crash leaves the old one. */
static int compact(struct pk_spool *s, struct pk_error *err)
{
    struct pk_buffer buf = pk_buffer_of(PK_SPOOL_RECORD_MAX + 1);
    char beside[PATH_MAX + 8];
    struct plan plan;
    int fd = -1;
    int rc = make_plan(s, &buf, &plan);

    (void)snprintf(beside, sizeof(beside), "%s.new", s->path);
    if (rc < 0) {
        rc = pk_error_set(err, rc, "cannot read '%s': %s", s->path, pk_code_text(rc));
    } else {
        fd = open(beside, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
        rc = fd >= 0 ? copy_kept(s, fd, &buf, plan, err) : failed(err, s, "rewrite");
    }
    if (rc == PK_OK && rename(beside, s->path) != 0) {
        rc = failed(err, s, "replace");
    }
    pk_buffer_finish(&buf);
    if (rc < 0) {
        if (fd >= 0) {
            (void)close(fd);
            (void)unlink(beside);
        }
        return rc;
    }
    (void)fsync(s->dir);
    (void)close(s->fd);
    s->fd = fd;
    s->size = sizeof(magic) + 2UL * FRAME_HEAD + plan.keep_bytes;
    s->first = sizeof(magic) + 2UL * FRAME_HEAD;
    s->state.dropped += (int64_t)(plan.drop_ordinary + plan.drop_essential);
    s->state.pending -= plan.drop_ordinary + plan.drop_essential;
    s->state.pending_essential -= plan.drop_essential;
    s->dirty = false;
    return PK_OK;
}

/* Appends a frame; on failure the file is as it was, or nothing is appended until it is. */
static int append(struct pk_spool *s, uint8_t kind, int64_t number, struct pk_slice payload,
        struct pk_error *err)
{
    int rc = PK_OK;

    if (s->torn && ftruncate(s->fd, (off_t)s->size) != 0) {
        return failed(err, s, "cut");
    }
    s->torn = false;
    rc = put_frame(s->fd, kind, number, payload);
    if (rc < 0) {
        s->torn = ftruncate(s->fd, (off_t)s->size) != 0;
        return pk_error_set(err, rc, "cannot write '%s': %s", s->path, pk_code_text(rc));
    }
    s->size += FRAME_HEAD + payload.len;
    s->dirty = true;
    return PK_OK;
}

int pk_spool_append(
        struct pk_spool *spool, struct pk_slice json, bool essential, struct pk_error *err)
{
    size_t need = FRAME_HEAD + json.len;
    int rc = PK_OK;

    if (json.len > PK_SPOOL_RECORD_MAX || need > spool->max / 2 - 256) {
        return pk_error_set(err, PK_ELIMIT, "an observation of %zu bytes is too long", json.len);
    }
    if (spool->next >= spool->reserved) {
        rc = reserve(spool, spool->next + RESERVE, err);
    }
    if (rc == PK_OK && spool->size + need > spool->max) {
        rc = compact(spool, err);
    }
    if (rc == PK_OK) {
        rc = append(spool, essential ? ESSENTIAL : ORDINARY, spool->next, json, err);
    }
    if (rc < 0) {
        return rc;
    }
    spool->first = spool->state.pending == 0 ? spool->size - need : spool->first;
    spool->next++;
    spool->state.pending++;
    spool->state.pending_essential += essential ? 1 : 0;
    return essential ? pk_spool_sync(spool, err) : PK_OK;
}

int pk_spool_sync(struct pk_spool *spool, struct pk_error *err)
{
    if (spool->dirty && fdatasync(spool->fd) != 0) {
        return failed(err, spool, "sync");
    }
    spool->dirty = false;
    return PK_OK;
}

int pk_spool_each(struct pk_spool *spool,
        bool (*fn)(void *ctx, int64_t seq, bool essential, struct pk_slice json), void *ctx,
        struct pk_error *err)
{
    struct pk_buffer buf = pk_buffer_of(PK_SPOOL_RECORD_MAX + 1);
    struct frame f;
    int rc = PK_OK;

    for (size_t at = spool->first; at < spool->size; at += FRAME_HEAD + f.payload.len) {
        rc = get_frame(spool, at, &buf, &f);
        if (rc < 0) {
            rc = pk_error_set(err, rc, "cannot read '%s': %s", spool->path, pk_code_text(rc));
            break;
        }
        if (is_record(&f) && f.number > spool->state.acked &&
                !fn(ctx, f.number, f.kind == ESSENTIAL, f.payload)) {
            break;
        }
    }
    pk_buffer_finish(&buf);
    return rc;
}

/* Moves the start behind what is acknowledged and counts what waits. */
static int advance(struct pk_spool *s, struct pk_error *err)
{
    struct pk_buffer buf = pk_buffer_of(PK_SPOOL_RECORD_MAX + 1);
    size_t at = s->first;
    struct frame f;
    int rc = PK_OK;

    while (at < s->size && s->state.pending > 0) {
        rc = get_frame(s, at, &buf, &f);
        if (rc < 0) {
            rc = pk_error_set(err, rc, "cannot read '%s': %s", s->path, pk_code_text(rc));
            break;
        }
        if (is_record(&f)) {
            if (f.number > s->state.acked) {
                break;
            }
            s->state.pending--;
            s->state.pending_essential -= f.kind == ESSENTIAL ? 1 : 0;
        }
        at += FRAME_HEAD + f.payload.len;
    }
    s->first = s->state.pending > 0 ? at : s->size;
    pk_buffer_finish(&buf);
    return rc;
}

int pk_spool_ack(struct pk_spool *spool, int64_t seq, struct pk_error *err)
{
    int rc;

    if (seq >= spool->next) {
        return pk_error_set(err, PK_EBOUNDS, "number %lld was never given out", (long long)seq);
    }
    if (seq <= spool->state.acked) {
        return PK_OK;
    }
    spool->state.acked = seq;
    rc = advance(spool, err);
    if (rc == PK_OK) {
        /* Need not be durable: what comes again is known to the server. */
        rc = append(spool, ACKED, seq, pk_slice_of(NULL, 0), err);
        spool->first = spool->state.pending == 0 ? spool->size : spool->first;
    }
    if (rc == PK_OK && spool->size > COMPACT_MIN && spool->first > spool->size / 2) {
        rc = compact(spool, err);
    }
    return rc;
}
