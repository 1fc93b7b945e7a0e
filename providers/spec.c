// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The spec syntax, once for all providers: NAME[:[PLACE][,OPTION]...] */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"

static int unit_shift(const char *suffix)
{
	if (!*suffix)
		return 0;
	if (suffix[1])
		return -EINVAL;
	switch (toupper((unsigned char)*suffix)) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	default:
		return -EINVAL;
	}
}

static int parse_bytes(const char *text, uint64_t *bytes)
{
	unsigned long long value;
	char *end;
	int shift;

	/* strtoull takes signs and blanks; a size has neither */
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 0);
	shift = unit_shift(end);
	if (errno || shift < 0 || value > UINT64_MAX >> shift)
		return -EINVAL;
	*bytes = (uint64_t)value << shift;
	return 0;
}

static int parse_option(const char *text, unsigned int allowed, struct pbuf_spec *spec)
{
	uint64_t bytes;

	if (!strncmp(text, "size=", 5)) {
		if (parse_bytes(text + 5, &bytes) || !bytes || bytes > SIZE_MAX / 2)
			return -EINVAL;
		spec->size = (size_t)bytes;
		return 0;
	}
	if (!strncmp(text, "off=", 4) && allowed & PBUF_OPTION_OFF)
		return parse_bytes(text + 4, &spec->offset);
	if (!strcmp(text, "huge") && allowed & PBUF_OPTION_HUGE) {
		spec->huge = true;
		return 0;
	}
	return -EINVAL;
}

static int parse_number(const char *text, struct pbuf_spec *spec)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 3 || text[digits])
		return -EINVAL;
	spec->number = (unsigned int)strtoul(text, NULL, 10);
	return 0;
}

static int parse_word(const char *text, struct pbuf_spec *spec)
{
	size_t len = 0;

	while (isalnum((unsigned char)text[len]) || text[len] == '-' || text[len] == '_')
		len++;
	if (!len || len >= sizeof(spec->word) || text[len])
		return -EINVAL;
	memcpy(spec->word, text, len + 1);
	return 0;
}

static int parse_place(const char *text, enum pbuf_place place, struct pbuf_spec *spec)
{
	struct pci_address at;

	if (place == PBUF_PLACE_NUMBER)
		return parse_number(text, spec);
	if (place == PBUF_PLACE_WORD)
		return parse_word(text, spec);
	if (pci_address_parse(text, &at, &text))
		return -EINVAL;
	pci_address_format(&at, spec->function);
	if (place == PBUF_PLACE_BDF)
		return *text ? -EINVAL : 0;
	if (text[0] != '/' || text[1] < '0' || text[1] > '5' || text[2])
		return -EINVAL;
	spec->bar = text[1] - '0';
	return 0;
}

static int parse_parts(char *text, const struct pbuf_ops *ops, struct pbuf_spec *spec)
{
	char *part;
	int ret;

	if (ops->place != PBUF_PLACE_NONE) {
		part = strsep(&text, ",");
		if (!part)
			return -EINVAL;
		ret = parse_place(part, ops->place, spec);
		if (ret)
			return ret;
	}
	while ((part = strsep(&text, ","))) {
		ret = parse_option(part, ops->options, spec);
		if (ret)
			return ret;
	}
	return 0;
}

int pbuf_spec_parse(const char *text, const struct pbuf_ops *ops, struct pbuf_spec *spec,
		    struct ibvx_error *err)
{
	char *copy;
	int ret;

	*spec = (struct pbuf_spec){ .bar = -1 };
	copy = strdup(text);
	if (!copy)
		return fail(err, -ENOMEM, "out of memory");
	/* "host" and "host:" are all defaults; strsep() would see one empty option */
	ret = *copy || ops->place != PBUF_PLACE_NONE ? parse_parts(copy, ops, spec) : 0;
	free(copy);
	return ret ? fail(err, ret, "'%s:%s' is no buffer; the syntax is %s", ops->name, text,
			  ops->usage) :
		     0;
}
