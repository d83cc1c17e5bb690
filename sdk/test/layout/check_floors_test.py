"""The floors checker finds each violation that it promises to find, and nothing in a sound tree. usage: check_floors_test.py CMAKE_DIR"""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
CMAKE_DIR = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(CMAKE_DIR))
import check_floors  # noqa: E402

SOUND = {
    "sdk/include/tongqu/base/result.hpp": "#pragma once\n#include <optional>\n",
    "sdk/include/tongqu/wire/xml.hpp": '#pragma once\n#include "tongqu/base/result.hpp"\n// boost:: in a comment is no use of it.\n',
    "sdk/include/tongqu/net/http.hpp": '#pragma once\n#include "tongqu/base/result.hpp"\n',
    "sdk/src/wire/xml/reader.hpp": '#pragma once\n#include "tongqu/wire/xml.hpp"\n',
    "sdk/src/wire/xml/reader.cpp": '#include "wire/xml/reader.hpp"\n#include <expat.h>\n#include <unistd.h>\n',
    "sdk/src/wire/xml/reader_test.cpp": '#include "xml/reader.hpp"\n#include <gtest/gtest.h>\n#include <cstdlib>\nint n = atoi("1");\n',
    "sdk/src/net/beast/server.cpp": '#include <boost/asio/io_context.hpp>\n#include "tongqu/net/http.hpp"\n',
    "connectors/platforms/case_exchange/answers.hpp": "#pragma once\n",
    "connectors/platforms/tif_rio/tif_rio.hpp": '#pragma once\n#include "connectors/platforms/case_exchange/answers.hpp"\n',
    "connectors/platforms/gjgxjhpt/gjgxjhpt.hpp": "#pragma once\n",
    "tools/tongqu/main.cpp": '#include <CLI/CLI.hpp>\n#include "connectors/platforms/tif_rio/tif_rio.hpp"\n',
}


def mistakes_of(planted):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in {**SOUND, **planted}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return check_floors.Checker(root, check_floors.Floors(CMAKE_DIR)).run()


class CheckFloors(unittest.TestCase):
    def finds(self, rule, path, text, line=1):
        found = mistakes_of({path: text})
        self.assertEqual([f"{path}:{line}: {rule}"], [": ".join(one.split(": ")[:2]) for one in found], found)

    def test_a_sound_tree_has_no_mistakes(self):
        self.assertEqual([], mistakes_of({}))

    def test_an_upward_include_is_found(self):
        self.finds("floor", "sdk/src/wire/xml/up.cpp", '#include "tongqu/net/http.hpp"\n')
        self.finds("floor", "sdk/include/tongqu/base/up.hpp", '#pragma once\n#include "tongqu/wire/xml.hpp"\n', line=2)
        self.finds("floor", "connectors/rest/up.cpp", '#include "connectors/platforms/tif_rio/tif_rio.hpp"\n')
        self.finds("floor", "conformance/sandbox/up.cpp", '#include "connectors/platforms/tif_rio/tif_rio.hpp"\n')

    def test_a_test_is_held_to_the_floors_of_its_module(self):
        self.finds("floor", "sdk/src/wire/xml/up_test.cpp", '#include "tongqu/net/http.hpp"\n')

    def test_a_platform_that_uses_another_platform_is_found(self):
        self.finds("floor", "connectors/platforms/tif_rio/up.cpp", '#include "connectors/platforms/gjgxjhpt/gjgxjhpt.hpp"\n')

    def test_a_private_header_of_another_module_is_found(self):
        self.finds("private", "tools/tongqu/deep.cpp", '#include "sdk/src/wire/xml/reader.hpp"\n')
        self.finds("private", "sdk/src/model/deep.cpp", '#include "wire/xml/reader.hpp"\n')

    def test_a_test_may_borrow_test_support_but_a_product_may_not(self):
        support = {"sdk/src/net/test_support.hpp": "#pragma once\n"}
        include = '#include "net/test_support.hpp"\n'
        self.assertEqual([], mistakes_of({**support, "connectors/rest/rest_test.cpp": include}))
        self.assertEqual(1, len(mistakes_of({**support, "connectors/rest/rest.cpp": include})))

    def test_a_public_header_that_includes_a_private_one_is_found(self):
        self.finds("private", "sdk/include/tongqu/wire/more.hpp", '#pragma once\n#include "wire/xml/reader.hpp"\n', line=2)

    def test_a_third_party_header_outside_its_place_is_found(self):
        for header in ("expat.h", "pugixml.hpp", "yaml-cpp/yaml.h", "nlohmann/json.hpp", "openssl/evp.h", "curl/curl.h", "boost/asio.hpp",
                       "sqlite3.h", "CLI/CLI.hpp", "fmt/format.h", "gtest/gtest.h"):
            with self.subTest(header):
                self.finds("third_party", "sdk/src/model/third.cpp", f"#include <{header}>\n")

    def test_a_library_that_nobody_decided_on_is_found(self):
        self.finds("third_party", "tools/tongqu/new.cpp", "#include <rapidjson/document.h>\n")

    def test_a_third_party_type_in_a_public_header_is_found(self):
        self.finds("public", "sdk/include/tongqu/net/leak.hpp", "#pragma once\nvoid take(boost::asio::io_context& context);\n", line=2)
        self.finds("public", "sdk/include/tongqu/net/leak.hpp", "#pragma once\nstruct sqlite3;\n", line=2)

    def test_a_system_header_in_a_public_header_is_found(self):
        self.finds("public", "sdk/include/tongqu/net/leak.hpp", "#pragma once\n#include <sys/socket.h>\n", line=2)

    def test_a_conversion_without_an_end_check_is_found(self):
        for call in ("std::atoi(t)", "atol(t)", "strtol(t, nullptr, 10)", "std::stoi(t)", "sscanf(t, f)", "std::system(t)"):
            with self.subTest(call):
                self.finds("one_way_to_read", "sdk/src/wire/number.cpp", f"// atoi(\nauto n = {call};\n", line=2)
        self.finds("one_way_to_read", "sdk/src/wire/number.cpp", "auto n = value.get<int>();\n")

    def test_a_direct_read_of_a_pugixml_leaf_is_found(self):
        self.finds("one_way_to_read", "sdk/src/wire/xml/leaf.cpp", "#include <pugixml.hpp>\nauto t = node.child_value();\n", line=2)
        self.finds("one_way_to_read", "sdk/src/wire/xml/leaf.cpp", "#include <pugixml.hpp>\nauto t = node.text();\n", line=2)

    def test_a_header_without_pragma_once_is_found(self):
        self.finds("pragma_once", "sdk/src/wire/bare.hpp", "struct A {};\n")

    def test_a_file_that_is_too_long_is_found(self):
        self.finds("length", "sdk/src/wire/long.cpp", "\n" * 801, line=801)

    def test_an_include_of_nothing_is_found(self):
        self.finds("missing", "sdk/src/wire/gone.cpp", '#include "tongqu/wire/gone.hpp"\n')

    def test_a_source_outside_every_unit_is_found(self):
        self.finds("unit", "sdk/src/helpers/a.cpp", "\n")


if __name__ == "__main__":
    unittest.main()
