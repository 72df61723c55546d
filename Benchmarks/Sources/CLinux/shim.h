#pragma once
#include <stddef.h>
#include <sys/epoll.h>

// A GNU function that the headers hide without _GNU_SOURCE.
extern void *memmem(const void *, size_t, const void *, size_t);
