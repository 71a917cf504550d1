"""Reads ini files with Python's own parser and prints what it finds, for tests/ini_corpus.rs.

Usage: oracle.py FILE...   (Python 2.7 or 3)

Prints a JSON object, file name to result: {"error": name} or
{"raw": {section: {key: value}}, "resolved": {section: {key: value or {"error": name}}}}.
Text that is not UTF-8 is shown as Latin-1.
"""
import json
import os
import sys

if sys.version_info[0] == 2:
    import ConfigParser as configparser

    def parser(interpolated):
        if interpolated:
            return configparser.SafeConfigParser()
        return configparser.RawConfigParser()

    def read(target, path):
        with open(path) as source:
            target.readfp(source)

    def to_bytes(text):
        return text
else:
    import configparser
    import io

    def parser(interpolated):
        kind = configparser.ConfigParser if interpolated else configparser.RawConfigParser
        return kind(
            strict=False,
            delimiters=("=", ":"),
            comment_prefixes=("#", ";"),
            inline_comment_prefixes=(";",),
        )

    def read(target, path):
        with io.open(path, encoding="latin-1", newline="\n") as source:
            target.read_file(source)

    def to_bytes(text):
        return text.encode("latin-1")


def show(text):
    raw = to_bytes(text)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def examine(path):
    raw, resolved = parser(False), parser(True)
    try:
        read(raw, path)
        read(resolved, path)
    except configparser.Error as error:
        return {"error": type(error).__name__}
    result = {"raw": {}, "resolved": {}}
    for section in raw.sections():
        values = dict(raw.items(section))
        values.pop("__name__", None)
        result["raw"][show(section)] = {show(k): show(v) for k, v in values.items()}
        found = result["resolved"][show(section)] = {}
        for key in values:
            try:
                found[show(key)] = show(resolved.get(section, key))
            except configparser.Error as error:
                found[show(key)] = {"error": type(error).__name__}
    return result


json.dump({os.path.basename(p): examine(p) for p in sys.argv[1:]}, sys.stdout, indent=1, sort_keys=True, separators=(",", ": "))
sys.stdout.write("\n")
