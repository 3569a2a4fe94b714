/* dex_world.h - DEX files of many classes whose methods call each other, for tests of what reads calls.
 * Every prototype is ()V. Texts and references are numbers that the builder gives. */
#pragma once

#include "dex_builder.h"

struct dex_world;

struct dex_world *dex_world_create(void);
/* A string of the file. The same text twice is one string. */
uint32_t dex_world_text(struct dex_world *world, const char *text);
uint32_t dex_world_textf(struct dex_world *world, const char *format, ...) PK_PRINTF(2, 3);
/* A reference to a method of a class, both texts. */
uint32_t dex_world_reference(struct dex_world *world, uint32_t class, uint32_t name);
/* A class of the file; all that follows belongs to it. interface: a text or UINT32_MAX. */
void dex_world_class(struct dex_world *world, uint32_t name, uint32_t super, uint32_t interface);
/* A virtual method of the last class, and a call of the last method. */
void dex_world_method(struct dex_world *world, uint32_t reference);
void dex_world_call(struct dex_world *world, uint32_t reference);
/* The file, sorted as the platform wants it; ends the world. The caller frees bytes. */
struct dex_made dex_world_finish(struct dex_world *world);
