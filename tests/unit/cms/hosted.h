/* CMS's pure sources compiled for the host: its memory functions under other names,
 * beside those of libc.  Include this after all system headers. */
#ifndef TESTS_UNIT_CMS_HOSTED_H
#define TESTS_UNIT_CMS_HOSTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define memcpy  cms_memcpy
#define memmove cms_memmove
#define memset  cms_memset
#define memcmp  cms_memcmp
#include "cms/string.c"

#endif
