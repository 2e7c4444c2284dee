/* Sums of 32 bits in the machine's own order: the result is the same, the bytes swapped.
 */
#include "cms/sum.h"

#include "cms/octets.h"
#include "cms/string.h"

uint64_t sum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint32_t word;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		__builtin_memcpy(&word, at, sizeof(word));
		sum += word;
	}
	word = 0;
	for (size_t i = 0; i < len; i++)
		word |= (uint32_t)at[i] << 8 * i;
	return sum + word;
}

uint64_t sum_pseudo(
	const struct addr *from, const struct addr *to, uint8_t protocol, size_t len)
{
	uint8_t tail[8] = { 0 };
	uint64_t sum = sum_add(0, from->b, addr_size(from));

	put32(tail, (uint32_t)len);
	tail[7] = protocol;
	sum = sum_add(sum, to->b, addr_size(to));
	return sum_add(sum, tail, sizeof(tail));
}

uint16_t sum_end(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~__builtin_bswap16((uint16_t)sum);
}
