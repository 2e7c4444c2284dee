"""Holds the examples of the manual against a running system: docs.py FILE...
They are run in the present directory, where system.config and user.direct are.

A block that begins with ```console is a list of commands, each on a line "$ COMMAND", and
what it prints; they are run by bash in order.  A block that begins with ```python is a
program; it is run where the next console block says "$ python3 client.py".  Prints TAP.

What varies is written so in the manual:
  <pid> <number>   digits
  <time>           a time of day
  <date>           a date
  <zone>           a time zone
  <duration>       a time that passed: 0:12:30, 1.25s, 480ms
  <size>           bytes with a unit: 16M, 23.4G
  <decimal>        a number, perhaps with decimals
  <word>           anything without blanks
  ...              in a line: any text; alone on a line: any number of lines

A command that only looks (QUERY, INDICATE, the end of a console) is repeated for a while
until it shows what is written: a reader is slower than this program."""
import os
import re
import subprocess
import sys
import time

LOOKS = re.compile(r"vmcp (-j )?(QUERY|INDICATE)\b|bulkhead -C \w+ </dev/null$")
PATIENCE = 20  # seconds

PATTERNS = {
    "pid": r"\d+",
    "number": r"\d+",
    "time": r"\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?",
    "date": r"(?:\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{2,4})",
    "zone": r"(?:[A-Z]{1,5}|[+-]\d{2}:?\d{2})",
    "duration": r"[\d:.]+(?:ns|us|ms|s|m|h)?",
    "size": r"[\d.]+[BKMGT]?",
    "decimal": r"[\d.]+",
    "word": r"\S+",
}


def line_pattern(line):
    """The regular expression of one line of the manual."""
    parts = re.split(r"(<(?:%s)>|\.\.\.)" % "|".join(PATTERNS), line.rstrip())
    text = ""
    for part in parts:
        if part == "...":
            text += ".*"
        elif part.startswith("<") and part[1:-1] in PATTERNS:
            text += PATTERNS[part[1:-1]]
        else:
            text += re.escape(part)
    return text


def output_pattern(lines):
    """That of an output; blanks at the end of a line do not count."""
    text = ""
    for line in lines:
        text += r"(?:[^\n]*\n)*?" if line.strip() == "..." else line_pattern(line) + r"[ \t]*\n"
    return re.compile(text + r"\Z")


def blocks(path):
    """(language, first line, lines) of each fenced block."""
    language = None
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if language is None and line.startswith("```"):
                language, start, lines = line[3:].strip(), number, []
            elif line.startswith("```"):
                yield language, start, lines
                language = None
            elif language is not None:
                lines.append(line)


def commands(lines):
    """(command, output lines) of a console block."""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


def run(command):
    done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    text = done.stdout.decode(errors="replace")
    return text if not text or text.endswith("\n") else text + "\n"


def hold(command, pattern):
    """Whether a command says what it should, and what it said last."""
    end = time.monotonic() + PATIENCE
    while True:
        said = run(command)
        good = pattern.match(said)
        if good or not LOOKS.match(command) or time.monotonic() > end:
            return good, said


def check(path, count):
    bad = 0
    for language, start, lines in blocks(path):
        if language == "python":
            with open("client.py", "w", encoding="utf-8") as f:
                f.write("\n".join(lines) + "\n")
        if language != "console":
            continue
        for command, expected in commands(lines):
            count += 1
            good, said = hold(command, output_pattern(expected))
            print(f"{'ok' if good else 'not ok'} {count} - {os.path.basename(path)}:{start}: {command}")
            if not good:
                bad += 1
                for what, text in (("said", said.splitlines()), ("manual", expected)):
                    for line in text:
                        print(f"# {what}: {line}")
    return count, bad


def main():
    count = bad = 0
    for path in sys.argv[1:]:
        count, failed = check(path, count)
        bad += failed
    return 1 if bad or not count else 0


sys.exit(main())
