/* ek_skip_blocks.h - the body of ek_skip(), once for each way of making masks: included by
 * ek_skip.c with SKIP (the function's name), MASKS (makes a block's masks), PREFIX_XOR and TARGET
 * defined. No include guard, as it is meant to come more than once. */

/* The mask of @m moved on by one byte, with what the block before handed over. */
#define AFTER(m, before) ((m) << 1 | (before))
#define LAST(m)		 ((m) >> 63)
#define ALL(bit)	 (0 - (uint64_t)(bit))

TARGET static const char *SKIP(const char *p, const char *end, unsigned room)
{
	/* What the block before handed over. The bracket at @p comes where a value may. */
	uint64_t in_string = 0, after_separator = 1, after_open = 0, after_close = 0,
		 after_quote = 0, after_word = 0;
	uint64_t objects = 0;	  /* bit d: the container opened at depth d is an object */
	uint64_t after_colon = 0; /* all ones: the innermost, an object, had a colon last */
	bool object = false, escaped = false;
	unsigned depth = 0;
	char tail[BLOCK];

	for (const char *at = p; at < end; at += BLOCK) {
		const char *block = at;
		struct masks m;
		uint64_t quotes, inside, outside, opening, closing, open, close, colon, separator,
			word, follows_open, follows_word, wrong, parity, brackets, parted,
			before = 0, todo = ~UINT64_C(0);

		if (end - at < BLOCK) {
			/* Closing brackets may follow each other without end, so that they make no
			 * line wrong that ends before them. */
			memset(tail, '}', sizeof(tail));
			memcpy(tail, at, (size_t)(end - at));
			block = tail;
		}
		MASKS(block, &m);
		if (m.control)
			return NULL;
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
		opening = quotes & inside;
		closing = quotes & ~inside;
		open = m.open & outside;
		close = m.close & outside;
		colon = m.colon & outside;
		separator = (m.comma & outside) | colon;
		word = outside & ~(open | close | separator);

		follows_open = AFTER(open, after_open);
		follows_word = AFTER(word, after_word);
		wrong = AFTER(separator, after_separator) & ~(opening | open | word);
		wrong |= follows_open & ~(opening | open | word | close);
		wrong |= AFTER(closing, after_quote) & ~(separator | close);
		wrong |= AFTER(close, after_close) & ~((separator & ~colon) | close);
		wrong |= follows_word & ~(word | (separator & ~colon) | close);
		if (wrong)
			return NULL;
		if (word && !words(at, end, word & ~follows_word))
			return NULL;
		after_separator = LAST(separator);
		after_open = LAST(open);
		after_close = LAST(close);
		after_quote = LAST(closing);
		after_word = LAST(word);

		/* From bracket to bracket. In an object, after an even number of colons and commas
		 * comes a colon, and after an odd one a comma; an array has no colons. */
		parity = PREFIX_XOR(separator);
		for (brackets = open | close; brackets; brackets &= brackets - 1) {
			unsigned i = (unsigned)__builtin_ctzll(brackets);
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
				object = block[i] & 0x20; /* { is 0x7b, [ is 0x5b */
				objects = objects << 1 | object;
				after_colon = 0;
				depth++;
				continue;
			}
			if (object != !!(block[i] & 0x20) ||
			    (object && !after_colon && !(follows_open & bit)))
				return NULL;
			if (--depth == 0)
				return at + i < end ? at + i + 1 : NULL;
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
