/* err.c - messages for a person */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

void err_set(struct err *e, int exit, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return;
	e->exit = exit;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
}
