/* filter_presets.h - `secvf filter presets` */
#ifndef SECVF_CLI_FILTER_PRESETS_H
#define SECVF_CLI_FILTER_PRESETS_H

/** filter_presets() - List the presets of display filters, or print one; argv[0] is "presets".
 * Return: EXIT_* */
int filter_presets(int argc, char **argv);

#endif
