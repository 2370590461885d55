/* hint.h - what a display filter costs, where it costs much */
#ifndef SECVF_ANALYSIS_HINT_H
#define SECVF_ANALYSIS_HINT_H

/**
 * hint_of() - Look at an expression, right or not, without evaluating it
 *
 * Wireshark evaluates terms from left to right and stops where the answer is known, so that what is
 * cheap and says no to most frames belongs first. Terms are not moved for the user: it is told.
 *
 * Return: static text, or NULL where there is nothing to say
 */
const char *hint_of(const char *expression);

#endif
