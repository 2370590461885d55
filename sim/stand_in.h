/* stand_in.h - a process in tshark's place, which fails on purpose
 *
 * Theory of operation: started instead of tshark, with tshark's arguments. It reads the FIFO record
 * by record, hands each on to the real tshark (or decodes nothing and prints lines of its own,
 * where it is told that there is none), and passes what that prints on, line by line. At the
 * records that the plan names it crashes, hangs, stalls, prints garbage, ...: with real processes,
 * signals and pipes.
 *
 * With -l, as the pipeline gives it wherever it matters, all records before the one that a fault
 * ends have been printed by then, so that runs are alike.
 */
#ifndef SECVF_SIM_STAND_IN_H
#define SECVF_SIM_STAND_IN_H

/* What it does for `--version` where there is no real tshark behind it. */
#define STAND_IN_VERSION "TShark (Wireshark) 4.0.99 (stand-in)."

/**
 * stand_in() - The whole program
 * @argv:  PLAN (plan_load()), TSHARK or "none", COUNT (a file that grows by a byte a generation),
 * and then tshark's own arguments
 *
 * Return: exit status
 */
int stand_in(int argc, char **argv);

#endif
