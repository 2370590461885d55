/* filter.h - the parts of `secvf filter` */
#ifndef SECVF_CLI_FILTER_H
#define SECVF_CLI_FILTER_H

/** filter_check(), filter_complete() - argv[0] is the word after "filter". Return: EXIT_* */
int filter_check(int argc, char **argv);
int filter_complete(int argc, char **argv);

#endif
