/* ek_skip_blocks.h - the body of ek_skip(), once for each way of making masks: included by
 * ek_skip.c with SKIP (the function's name), MASKS (makes a block's masks), PREFIX_XOR and TARGET
 * defined. No include guard, as it is meant to come more than once. */

/* The mask of @m moved on by one byte, with what the block before handed over. */
#define AFTER(m, before) ((m) << 1 | (before))
#define LAST(m)		 ((m) >> 63)
#define ALL(bit)	 (0 - (uint64_t)(bit))

TARGET static const char *SKIP(const char *p, const char *end, unsigned room, bool within)
{
	/* What the block before handed over. A bracket at @p comes where a value may; within an
	 * object, @p is behind a value. */
	uint64_t in_string = 0, after_place = !within, after_open = 0, after_word = 0;
	uint64_t objects = within; /* bit d: the container d levels further out is an object */
	uint64_t after_colon = ALL(within); /* all ones: the innermost had a colon last */
	bool object = within, escaped = false;
	unsigned depth = within;

	for (const char *at = p; at < end; at += BLOCK) {
		struct masks m;
		uint64_t quotes, inside, outside, open, close, colon, separator, word, starts,
			words_start, empty, parity, brackets, parted, before = 0,
								      todo = ~UINT64_C(0);

		MASKS(at, (size_t)(end - at), &m);
		if (m.control)
			return NULL;
		if (in_string && !escaped && !(m.quote | m.slash))
			continue; /* long strings are most of the longest lines */
		quotes = m.quote;
		if (m.slash || escaped) {
			uint64_t taken = 0;

			if (!escapes(at, end, m.slash, &escaped, &taken))
				return NULL;
			quotes &= ~taken;
		}
		inside = PREFIX_XOR(quotes) ^ in_string; /* from each opening quote on */
		in_string = ALL(LAST(inside));
		outside = ~(inside | quotes);
		open = m.open & outside;
		close = m.close & outside;
		colon = m.colon & outside;
		separator = (m.comma & outside) | colon;
		word = outside & ~(open | close | separator);
		words_start = word & ~AFTER(word, after_word);

		/* A value or a key begins behind each opening bracket, comma and colon, and nowhere
		 * else; save in what is empty. That a key is a string needs no look: a bracket
		 * comes behind a colon there (below), and a word before no colon (words()). */
		starts = (quotes & inside) | open | words_start;
		empty = close & AFTER(open, after_open);
		if (starts != (AFTER(separator | open, after_place) & ~empty))
			return NULL;
		if (words_start && !words(at, end, words_start))
			return NULL;
		after_place = LAST(separator | open);
		after_open = LAST(open);
		after_word = LAST(word);

		/* From bracket to bracket. In an object, after an even number of colons and commas
		 * comes a colon, and after an odd one a comma; an array has no colons. */
		parity = PREFIX_XOR(separator);
		for (brackets = open | close; brackets; brackets &= brackets - 1) {
			ptrdiff_t i = __builtin_ctzll(brackets);
			uint64_t bit = UINT64_C(1) << i, part = todo & (bit - 1);

			parted = object ? (parity ^ before ^ after_colon) & separator : 0;
			if ((parted ^ colon) & part)
				return NULL;
			after_colon = ALL((parity ^ before ^ after_colon) >> i & 1);
			before = ALL(parity >> i & 1);
			todo = ~(bit - 1) & ~bit;
			if (open & bit) {
				if ((object && !after_colon) || depth == room)
					return NULL;
				object = at[i] & 0x20; /* { is 0x7b, [ is 0x5b */
				objects = objects << 1 | object;
				after_colon = 0;
				depth++;
				continue;
			}
			if (end - at <= i || object != !!(at[i] & 0x20) ||
			    (object && !after_colon && !(empty & bit)))
				return NULL;
			if (--depth == 0)
				return at + i + 1;
			objects >>= 1;
			object = objects & 1;
			after_colon = ~UINT64_C(0); /* where it is an object: it came after one */
		}
		parted = object ? (parity ^ before ^ after_colon) & separator : 0;
		if ((parted ^ colon) & todo)
			return NULL;
		after_colon ^= before ^ ALL(LAST(parity));
	}
	return NULL;
}

#undef AFTER
#undef LAST
#undef ALL
#undef SKIP
#undef MASKS
#undef PREFIX_XOR
#undef TARGET
