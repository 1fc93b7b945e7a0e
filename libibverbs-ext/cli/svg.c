// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A picture of the matrix: a coloured cell a pair, the reason as its tooltip. */
#include "svg.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"

#define LEFT 150
#define TOP 40
#define WIDTH 150
#define HEIGHT 34

static const struct {
	const char *way, *colour;
} colours[] = {
	{ "PIX", "#2e9e5b" },	{ "PXB", "#7fbf5a" },	  { "PHB", "#e3b93c" },
	{ "SYS", "#e08a3c" },
	{ "IOMMU", "#4d8fd1" }, { "CPU", "#9a9a9a" },	  { "refused", "#d1553f" },
};

static const char *colour_of(const char *way)
{
	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (!strcmp(colours[i].way, way))
			return colours[i].colour;
	return "#ffffff";
}

static void put_escaped(const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<': fputs("&lt;", stdout); break;
		case '>': fputs("&gt;", stdout); break;
		case '&': fputs("&amp;", stdout); break;
		default: putchar(*text);
		}
	}
}

static void put_label(int x, int y, const char *anchor, const char *text)
{
	printf("<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">", x, y, anchor);
	put_escaped(text);
	puts("</text>");
}

static void put_cell(int column, int row, json_object *cell)
{
	const char *way = get_text(cell, "way");
	int x = LEFT + column * WIDTH, y = TOP + row * HEIGHT;

	printf("<g><title>");
	put_escaped(has(cell, "why") ? get_text(cell, "why") : way);
	printf("</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"%s\"/>",
	       x + 2, y + 2, WIDTH - 4, HEIGHT - 4, colour_of(way));
	put_label(x + WIDTH / 2, y + HEIGHT / 2 + 5, "middle", way);
	puts("</g>");
}

void topo_svg(json_object *doc)
{
	json_object *nics = json_object_object_get(doc, "nics");
	json_object *memory = json_object_object_get(doc, "memory");
	json_object *cells = json_object_object_get(doc, "ways");
	int columns = (int)json_object_array_length(memory);
	int rows = (int)json_object_array_length(nics);

	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"13\">\n",
	       LEFT + columns * WIDTH + 10, TOP + rows * HEIGHT + 10);
	for (int column = 0; column < columns; column++)
		put_label(LEFT + column * WIDTH + WIDTH / 2, TOP - 14, "middle",
			  json_object_get_string(
				  json_object_array_get_idx(memory, (size_t)column)));
	for (int row = 0; row < rows; row++) {
		put_label(LEFT - 12, TOP + row * HEIGHT + HEIGHT / 2 + 5, "end",
			  json_object_get_string(json_object_array_get_idx(nics, (size_t)row)));
		for (int column = 0; column < columns; column++)
			put_cell(column, row,
				 json_object_array_get_idx(
					 cells, (size_t)(row * columns + column)));
	}
	puts("</svg>");
}
