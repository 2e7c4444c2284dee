/* The filter of a trace. */
#include "vlan/capture_filter.h"

#include <errno.h>
#include <pcap/bpf.h>
#include <stdlib.h>
#include <string.h>

#define INSNS_MAX 4096
#define MSH_MAX   60 /* what 4 * (byte & 15) can be */

/* Both headers have the layout of the kernel's. */
_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "layout");
_Static_assert(offsetof(struct bpf_insn, k) == offsetof(struct sock_filter, k), "layout");

static bool instruction_ok(const struct sock_filter *insn, uint32_t left);
static uint32_t reach(const struct sock_filter *insn, uint32_t n);

int capture_filter_set(
	struct capture_filter *f, const struct sock_filter *insn, uint32_t n)
{
	*f = (struct capture_filter) { .insn = NULL };
	if (!n)
		return 0;
	if (n > INSNS_MAX || !bpf_validate((const struct bpf_insn *)insn, (int)n))
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++) {
		if (!instruction_ok(&insn[i], n - i))
			return -EINVAL;
	}
	f->insn = malloc(n * sizeof(*insn));
	if (!f->insn)
		return -ENOMEM;
	memcpy(f->insn, insn, n * sizeof(*insn));
	f->looks = reach(insn, n);
	return 0;
}

void capture_filter_free(struct capture_filter *f)
{
	free(f->insn);
}

/* Most filters look at what the switch has read anyway. */
uint32_t capture_filter_run(
	const struct capture_filter *f, const struct egress *e, uint8_t *scratch)
{
	uint32_t len = egress_len(e), need = len < f->looks ? len : f->looks;
	const uint8_t *bytes = scratch;

	if (!f->insn)
		return len;
	if (!e->tagged && need <= e->frame->head_len)
		bytes = e->frame->head;
	else
		egress_copy(e, 0, scratch, need);
	return bpf_filter((const struct bpf_insn *)f->insn, bytes, len, need);
}

static bool calculation_ok(const struct sock_filter *insn)
{
	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_DIV:
	case BPF_MOD:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR: return true;
	case BPF_LSH:
	case BPF_RSH: return BPF_SRC(insn->code) == BPF_X || insn->k < 32;
	case BPF_NEG: return BPF_SRC(insn->code) == BPF_K;
	default: return false;
	}
}

static bool load_ok(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_B | BPF_MSH:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM: return true;
	default: return false;
	}
}

/* Forward only, which libpcap does not ask for: each instruction is run once at most. */
static bool jump_ok(const struct sock_filter *insn, uint32_t left)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JA: return insn->code == (BPF_JMP | BPF_JA) && insn->k < left;
	case BPF_JEQ:
	case BPF_JGT:
	case BPF_JGE:
	case BPF_JSET: return insn->code < 256;
	default: return false;
	}
}

/* bpf_validate() lets instructions pass that make bpf_filter() abort. */
static bool instruction_ok(const struct sock_filter *insn, uint32_t left)
{
	const uint16_t code = insn->code;

	switch (BPF_CLASS(code)) {
	case BPF_LD:
	case BPF_LDX: return load_ok(code);
	case BPF_ST:
	case BPF_STX: return code == BPF_ST || code == BPF_STX;
	case BPF_ALU: return code < 256 && calculation_ok(insn);
	case BPF_JMP: return jump_ok(insn, left);
	case BPF_RET: return code == (BPF_RET | BPF_K) || code == (BPF_RET | BPF_A);
	default: return code == (BPF_MISC | BPF_TAX) || code == (BPF_MISC | BPF_TXA);
	}
}

/* The most an index register can hold: what is loaded into it as a constant or as the
 * length of a header; UINT32_MAX where it comes from elsewhere. */
static uint32_t index_max(const struct sock_filter *insn, uint32_t n)
{
	uint32_t max = 0, value;

	for (uint32_t i = 0; i < n; i++) {
		const uint16_t code = insn[i].code;

		if (BPF_CLASS(code) == BPF_LDX && BPF_MODE(code) == BPF_MSH)
			value = MSH_MAX;
		else if (BPF_CLASS(code) == BPF_LDX && BPF_MODE(code) == BPF_IMM)
			value = insn[i].k;
		else if (BPF_CLASS(code) == BPF_LDX || code == (BPF_MISC | BPF_TAX))
			value = UINT32_MAX;
		else
			continue;
		max = value > max ? value : max;
	}
	return max;
}

static uint32_t size_of(uint16_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_W: return 4;
	case BPF_H: return 2;
	default: return 1;
	}
}

static uint32_t reach(const struct sock_filter *insn, uint32_t n)
{
	uint64_t index = index_max(insn, n), end, max = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint16_t code = insn[i].code, mode = BPF_MODE(code);

		if (BPF_CLASS(code) != BPF_LD && BPF_CLASS(code) != BPF_LDX)
			continue;
		if (mode != BPF_ABS && mode != BPF_IND && mode != BPF_MSH)
			continue;
		end = (uint64_t)insn[i].k + size_of(code);
		if (mode == BPF_IND)
			end += index;
		max = end > max ? end : max;
	}
	return max < UINT32_MAX ? (uint32_t)max : UINT32_MAX;
}
