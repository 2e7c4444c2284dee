/* The standard descriptors of a program. */
#ifndef CP_LIB_STD_FDS_H
#define CP_LIB_STD_FDS_H

/* Whoever starts a program may have closed 0, 1 or 2: what it opens first would then be
 * taken for its input or output.  Puts something in their place from which nothing is
 * read and to which nothing can be written.  0 or -errno. */
int std_fds_fill(void);

#endif
