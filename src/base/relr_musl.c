/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relr_musl: the entry of programs linked statically with musl as position-independent code.
 *
 * Their tables are full of pointers, and each costs 24 bytes of relocation unless the linker packs them (DT_RELR, `-z pack-relative-relocs`): 50 KB of
 * tare-runtime. The start-up code of musl reads packed relocations since 1.2.4; Debian 12 has 1.2.3. So they are applied here, before
 * musl's own entry, which is told that there are none left. Nothing here may need a relocation itself, and no function may be called.
 */
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR 36
#endif

extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/*
 * An even word is the address of a pointer; an odd one is a bit map of which of the following 63 words are pointers too
 * (https://groups.google.com/g/generic-abi, "Proposal for a new section type SHT_RELR").
 */
__attribute__((used, optimize("no-tree-loop-distribute-patterns"), no_stack_protector)) static void relocate(void)
{
	const uintptr_t base = (uintptr_t)&__ehdr_start;
	const uintptr_t *packed = NULL;
	uintptr_t *where = NULL;
	size_t n = 0;

	for (ElfW(Dyn) *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_RELR)
			packed = (const uintptr_t *)(base + d->d_un.d_ptr);
		if (d->d_tag == DT_RELRSZ) {
			n = d->d_un.d_val / sizeof *packed;
			d->d_un.d_val = 0;
		}
	}
	for (size_t i = 0; i < n; i++) {
		uintptr_t word = packed[i];

		if (!(word & 1)) {
			where = (uintptr_t *)(base + word);
			*where++ += base;
			continue;
		}
		for (size_t bit = 0; word >>= 1; bit++)
			if (word & 1)
				where[bit] += base;
		where += 8 * sizeof word - 1;
	}
}

/* The stack is as the kernel left it when musl's entry gets it. Pushed twice, because a function wants it aligned. */
void relr_start(void);
__attribute__((naked, used)) void relr_start(void)
{
	__asm__("push %rdx\n"
		"push %rdx\n"
		"call relocate\n"
		"pop %rdx\n"
		"pop %rdx\n"
		"jmp _start\n");
}
