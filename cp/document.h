/* The parts of the manual that are made from the tables of the program, as Markdown. */
#ifndef CP_DOCUMENT_H
#define CP_DOCUMENT_H

#include <stdio.h>

void document_messages(FILE *out);
void document_commands(FILE *out);
void document_directory(FILE *out); /* and the system configuration */

#endif
