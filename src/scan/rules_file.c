#include "scan/rules_file.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATHS_MAX 1000UL
#define SPARE_FD  10    /* above what a started process is given */
#define WORDS_MAX 900UL /* of the compiler, in an error's text */

/* argv of the compiler; the caller frees. NULL: memory is short, or there are too many paths. */
static char **make_argv(const char *const *paths)
{
    size_t count = 0;
    char **argv;

    while (paths[count] != NULL) {
        count++;
    }
    argv = count <= PATHS_MAX ? calloc(count + 3, sizeof(*argv)) : NULL;
    if (argv == NULL) {
        return NULL;
    }
    argv[0] = (char *)"picket-scan-yara";
    argv[1] = (char *)"--compile";
    for (size_t i = 0; i < count; i++) {
        argv[2 + i] = (char *)paths[i];
    }
    return argv;
}

static int run(const char *program, char *const *argv, int out_fd, int words_fd, int *status)
{
    char *const environment[] = { NULL };
    posix_spawn_file_actions_t files;
    pid_t pid = -1;
    int error = posix_spawn_file_actions_init(&files);

    if (error != 0) {
        return -error;
    }
    error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    error = error != 0 ? error : posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
    error = error != 0 ? error : posix_spawn_file_actions_adddup2(&files, words_fd, STDERR_FILENO);
    error = error != 0 ? error
                       : posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    error = error != 0 ? error : posix_spawn(&pid, program, &files, NULL, argv, environment);
    (void)posix_spawn_file_actions_destroy(&files);
    if (error != 0) {
        return -error;
    }
    while (waitpid(pid, status, 0) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return PK_OK;
}

/* The compiler's first words as the error. */
static int refuse(int words_fd, struct pk_error *err)
{
    char words[WORDS_MAX + 1];
    ssize_t n = pread(words_fd, words, WORDS_MAX, 0);

    words[n > 0 ? n : 0] = '\0';
    for (char *p = words; *p != '\0'; p++) {
        *p = (char)(*p == '\n' ? (p[1] == '\0' ? '\0' : ';') : *p);
    }
    return pk_error_set(err, PK_EINVAL, "the rules do not compile: %s",
            words[0] != '\0' ? words : "their compiler gave no reason");
}

int pk_rules_file_make(const char *program, const char *const *paths, int *fd, struct pk_error *err)
{
    int out = memfd_create("picket-rules", MFD_CLOEXEC);
    int words = memfd_create("picket-words", MFD_CLOEXEC);
    char **argv = make_argv(paths);
    int status = 0;
    int rc;

    if (out < 0 || words < 0 || argv == NULL) {
        rc = pk_error_set(err, PK_ENOMEM, "out of memory for the rules");
    } else {
        rc = run(program, argv, out, words, &status);
        if (rc < 0) {
            (void)pk_error_set(err, rc, "cannot start '%s': %s", program, pk_code_text(rc));
        } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            rc = refuse(words, err);
        }
    }
    free(argv);
    if (words >= 0) {
        (void)close(words);
    }
    if (rc < 0) {
        if (out >= 0) {
            (void)close(out);
        }
        return rc;
    }
    *fd = fcntl(out, F_DUPFD_CLOEXEC, SPARE_FD);
    rc = *fd < 0 ? -errno : PK_OK;
    (void)close(out);
    return rc < 0 ? pk_error_set(err, rc, "no descriptor for the rules: %s", pk_code_text(rc))
                  : PK_OK;
}
