/* The guest's end of the cp port. */
#include "cms/cpport.h"

#include "cms/print.h"
#include "cms/string.h"

static bool send(struct cpport *p, enum cp_frame_type type, const char *data, size_t len);
static void handle_bytes(struct cpport *p, const char *data, size_t len);
static void handle_piece(struct cpport *p, const struct frame_piece *piece);
static void collect(struct cpport *p, const struct frame_piece *piece);
static void handle_note(struct cpport *p);
static uint32_t note_number(const struct cpport *p);
static void print_message(struct cpport *p);

void cpport_start(struct cpport *p, struct console *console)
{
	p->console = console;
	p->pipe = &console->vcon.cp;
}

bool cpport_open(const struct cpport *p)
{
	return p->console->vcon.cp_open;
}

void cpport_poll(struct cpport *p)
{
	char bytes[256];
	size_t len;

	if (!cpport_open(p))
		return;
	if (!p->enabled)
		p->enabled = send(p, CP_ENABLE, "", 0);
	while ((len = pipe_read(p->pipe, bytes, sizeof(bytes))) > 0)
		handle_bytes(p, bytes, len);
}

bool cpport_send(struct cpport *p, const char *command)
{
	size_t len = text_length(command);

	if (!cpport_open(p) || len > CP_COMMAND_MAX)
		return false;
	p->id++;
	p->busy = send(p, CP_COMMAND, command, len);
	return p->busy;
}

void cpport_abandon(struct cpport *p)
{
	p->busy = false;
}

static bool send(struct cpport *p, enum cp_frame_type type, const char *data, size_t len)
{
	struct {
		struct cp_frame head;
		char data[CP_COMMAND_MAX];
	} frame;

	frame.head = (struct cp_frame) {
		.magic = CP_FRAME_MAGIC,
		.len = (uint32_t)len,
		.id = type == CP_COMMAND ? p->id : 0,
		.type = (uint16_t)type,
	};
	memcpy(frame.data, data, len);
	return pipe_write(p->pipe, &frame, sizeof(frame.head) + len);
}

static void handle_bytes(struct cpport *p, const char *data, size_t len)
{
	struct frame_piece piece;
	bool found;

	while (len) {
		size_t taken = frames_take(&p->frames, data, len, &piece, &found);

		if (found)
			handle_piece(p, &piece);
		data += taken;
		len -= taken;
	}
}

/* Answers may be long and are printed piece by piece; the rest is short. */
static void handle_piece(struct cpport *p, const struct frame_piece *piece)
{
	const struct cp_frame *head = &p->frames.head;
	bool ours = p->busy && head->id == p->id;

	switch (head->type) {
	case CP_OUT:
	case CP_ERR:
		if (ours)
			console_write(p->console, piece->data, piece->len);
		break;
	case CP_DONE:
	case CP_SIGNAL:
	case CP_SMSG: collect(p, piece); break;
	default: break;
	}
}

static void collect(struct cpport *p, const struct frame_piece *piece)
{
	size_t room = CP_NOTE_MAX - p->note_len;
	size_t len = piece->len < room ? piece->len : room;

	memcpy(p->note + p->note_len, piece->data, len);
	p->note_len += len;
	if (!piece->last)
		return;
	p->note[p->note_len] = '\0';
	handle_note(p);
	p->note_len = 0;
}

static void handle_note(struct cpport *p)
{
	const struct cp_frame *head = &p->frames.head;

	switch (head->type) {
	case CP_DONE:
		if (p->busy && head->id == p->id) {
			p->rc = note_number(p);
			p->busy = false;
		}
		break;
	case CP_SIGNAL:
		p->seconds = note_number(p);
		p->signalled = true;
		break;
	case CP_SMSG: print_message(p); break;
	default: break;
	}
}

static uint32_t note_number(const struct cpport *p)
{
	uint32_t number = 0;

	if (p->note_len >= sizeof(number))
		memcpy(&number, p->note, sizeof(number));
	return number;
}

/* "USERID text" */
static void print_message(struct cpport *p)
{
	const char *text = p->note;
	char from[WORD_LIMIT + 1], line[CP_NOTE_MAX + 32];

	if (!word_next(&text, from))
		return;
	print_to(line, sizeof(line), "* SMSG FROM %s: %s\n", from, skip_blanks(text));
	console_end_line(p->console);
	console_write(p->console, line, text_length(line));
}
