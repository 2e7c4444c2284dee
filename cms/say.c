/* Text and messages to the console. */
#include "cms/cms.h"

#include "cms/print.h"
#include "cms/string.h"

#define TEXT_MAX 1024

struct message {
	int number;
	char severity;
	const char *text;
};

static const struct message messages[] = {
#define MESSAGE(name, number, severity, text) { number, #severity[0], text },
#include "cms/messages.def"
#undef MESSAGE
};

static const struct message *find(enum cms_message number);

void say(struct cms *cms, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	print_list(text, sizeof(text), format, args);
	va_end(args);
	console_write(&cms->console, text, text_length(text));
}

int reply(struct cms *cms, enum cms_message number, ...)
{
	const struct message *m = find(number);
	char text[TEXT_MAX];
	va_list args;

	va_start(args, number);
	print_list(text, sizeof(text), m->text, args);
	va_end(args);
	console_end_line(&cms->console);
	say(cms, "CMS%04d%c %s\n", m->number, m->severity, text);
	return m->severity == 'E' || m->severity == 'S' ? m->number : 0;
}

/* Every number is in the table: the enum comes from it. */
static const struct message *find(enum cms_message number)
{
	const struct message *m = messages;

	while (m->number != (int)number)
		m++;
	return m;
}
