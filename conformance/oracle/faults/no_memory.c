// Loaded before the bridge: fails one allocation, the n-th after it was armed. The page (TONGQU_NO_MEMORY) holds three numbers of eight
// bytes: armed, n, and how many have failed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);

static volatile int64_t* page;

__attribute__((constructor)) static void map_page(void) {
  const char* path = getenv("TONGQU_NO_MEMORY");
  const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (at != MAP_FAILED) page = at;
}

static int fails(void) {
  if (!page || !page[0]) return 0;
  if (__atomic_sub_fetch(&page[1], 1, __ATOMIC_RELAXED) != 0) return 0;
  page[0] = 0;
  __atomic_add_fetch(&page[2], 1, __ATOMIC_RELAXED);
  errno = ENOMEM;
  return 1;
}

void* malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }
void* realloc(void* old, size_t size) { return fails() ? NULL : __libc_realloc(old, size); }
