/* bench_ek_simdjson.cpp - simdjson on EK lines: a whole tree (DOM), and the wanted fields on demand */
#include <simdjson.h>
#include <string>

#include "bench_ek.h"

static_assert(simdjson::SIMDJSON_PADDING <= 64, "as much as the caller has behind a line");

bool simdjson_dom(const char *p, size_t n)
{
	static simdjson::dom::parser parser;

	return !parser.parse(reinterpret_cast<const uint8_t *>(p), n, false).error();
}

/* Each key of the outer object is met once and its text touched; layers are entered for the number and
 * the protocols of frame only where no column had them, as ek_record_scan() does. */
bool simdjson_on_demand(const char *p, size_t n)
{
	static simdjson::ondemand::parser parser;
	simdjson::ondemand::document document;
	simdjson::ondemand::object object;
	static volatile size_t touched;
	bool columns = false;

	if (parser.iterate(p, n, n + 64).get(document) || document.get_object().get(object))
		return false;
	for (auto member : object) {
		simdjson::ondemand::raw_json_string key;
		simdjson::ondemand::value value;

		if (member.error() || member.key().get(key) || member.value().get(value))
			return false;
		if (key == "layers") {
			simdjson::ondemand::object layers, frame;

			if (columns)
				continue;
			if (value.get_object().get(layers))
				return false;
			if (layers["frame"].get_object().get(frame))
				continue;
			std::string_view text;
			if (!frame["frame_frame_number"].get_string().get(text))
				touched = touched + text.size();
			if (!frame["frame_frame_protocols"].get_string().get(text))
				touched = touched + text.size();
			continue;
		}
		simdjson::ondemand::raw_json_string raw;
		if (key == "no")
			columns = true;
		if (!value.get_raw_json_string().get(raw))
			touched = touched + static_cast<size_t>(raw.raw()[0]);
	}
	return true;
}

const char *simdjson_how(void)
{
	static const std::string how =
		std::string(SIMDJSON_STRINGIFY(SIMDJSON_VERSION)) + " " + simdjson::get_active_implementation()->name();

	return how.c_str();
}
