//! Holds the orders of languages against the tools that define them.
//!
//! Each tool gets every pair in one process and answers with one line a pair: which of the two it
//! takes for a version (`1` or `0` each, `-` where it takes every text), then `<`, `=`, `>`, or `?`
//! where it orders nothing.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_model::version::Scheme;
use plimsoll_testkit::{skip, tools_dir};

use crate::dice::{Dice, mutated_pairs, neighbours, strangers, table_pairs};
use crate::feeds::feed_versions;
use crate::generators::{Pieces, generate};
use crate::tools::{answers, as_lines, assert_none, fits_lines, longest_number, run};

/// Is a comparison of one order with its tool.
struct Comparison {
    scheme: Scheme,
    /// The table of relations of the same scheme.
    table: &'static str,
    pieces: Pieces,
    /// How many digits a number may have before the tool loses some.
    digits: usize,
    /// How many pairs are generated.
    pairs: usize,
}

/// What semantic versions are made of.
const SEMVER: Pieces = Pieces {
    prefixes: &["v", "v", "=", "V"],
    prefixed: 5,
    numbers: (3, 3),
    joints: &["-", "-", "-", ".", ".", "", "+"],
    words: &[
        "alpha", "beta", "rc", "a", "B", "0a", "-", "x-y", "01", "00",
    ],
    suffixes: &["+build", "+1.2", "-", "+", "-0", "+incompatible"],
};

impl Comparison {
    /// Returns the pairs to ask for.
    fn pairs(&self) -> Vec<(String, String)> {
        let mut dice = Dice(u64::from(self.scheme as u8) + 1);
        let version = |dice: &mut Dice| generate(dice, &self.pieces);
        let mut pairs = mutated_pairs(&mut dice, self.pairs / 2, version);
        let more = self.pairs.div_ceil(2);
        pairs.extend((0..more).map(|_| (version(&mut dice), version(&mut dice))));
        pairs.extend(table_pairs(self.table));
        let versions = feed_versions(self.scheme);
        pairs.extend(neighbours(&versions, |a, b| self.scheme.sort_order(a, b)));
        pairs.extend(strangers(&versions, 3_000));
        pairs.retain(|pair| {
            [&pair.0, &pair.1].into_iter().all(|text| {
                fits_lines(text) && text.is_ascii() && longest_number(text) <= self.digits
            })
        });
        pairs
    }

    /// Asks the tool, and holds every answer against ours.
    fn check(&self, command: &mut Command) {
        self.check_order(command, |a, b| self.scheme.compare(a, b));
    }

    fn check_order(&self, command: &mut Command, order: impl Fn(&str, &str) -> Ordering) {
        let pairs = self.pairs();
        let said = run(command, &as_lines(&pairs));
        assert_eq!(said.lines().count(), pairs.len(), "one answer per pair");
        let mut ordered = 0;
        let wrong = pairs.iter().zip(said.lines()).filter_map(|((a, b), said)| {
            let mut said_of = said.bytes();
            let valid = [said_of.next(), said_of.next()];
            for (version, valid) in [a, b].into_iter().zip(valid) {
                let ours = self.scheme.is_valid(version);
                if valid.is_some_and(|valid| valid != b'-' && ours != (valid == b'1')) {
                    return Some(format!("{version}: valid to the tool {said}, to us {ours}"));
                }
            }
            let ours = match order(a, b) {
                Ordering::Less => b'<',
                Ordering::Equal => b'=',
                Ordering::Greater => b'>',
            };
            let theirs = said_of.next()?;
            if theirs == b'?' {
                return None;
            }
            ordered += 1;
            (theirs != ours).then(|| format!("{a} {} {b}", char::from(theirs)))
        });
        let wrong = wrong.collect::<Vec<_>>();
        let name = self.scheme.as_str();
        assert!(ordered >= 1_000, "{name}: the tool ordered {ordered} pairs");
        println!("{name}: {} pairs, {ordered} of them ordered", pairs.len());
        assert_none(wrong.into_iter());
    }
}

/// Returns a Python that has a module: that of the tools from `PyPI`, or the system's.
pub(crate) fn python_with(module: &str) -> Option<PathBuf> {
    let own = tools_dir().map(|tools| tools.join("versions/bin/python"));
    own.into_iter()
        .chain([PathBuf::from("/usr/bin/python3")])
        .find(|python| answers(Command::new(python).args(["-c", &format!("import {module}")])))
}

#[test]
fn pypi_agrees_with_packaging() {
    let Some(python) = python_with("packaging.version") else {
        return skip("pypi_agrees_with_packaging", "packaging is not installed");
    };
    let script = "
import sys, warnings
import packaging.version as v
warnings.simplefilter('ignore')
parse = getattr(v, 'LegacyVersion', None)
def read(text):
    try:
        return '1', v.Version(text)
    except v.InvalidVersion:
        return '0', parse(text) if parse else None
for line in sys.stdin:
    (x, a), (y, b) = (read(text) for text in line.rstrip('\\n').split('\\t'))
    order = '?' if a is None or b is None else '<' if a < b else '>' if a > b else '='
    print(x + y + order)
";
    Comparison {
        scheme: Scheme::Pypi,
        table: include_str!("../../testdata/versions/pypi.txt"),
        pieces: Pieces {
            prefixes: &["v", "1!", "0!", "V", "01!"],
            prefixed: 5,
            numbers: (1, 4),
            joints: &[".", "-", "_", "", "", "+"],
            words: &[
                "a", "b", "c", "rc", "alpha", "beta", "pre", "preview", "post", "rev", "r", "dev",
                "RC", "Post", "final", "ubuntu",
            ],
            suffixes: &[
                "+local", "+1", "+a.1", ".dev1", "-1", "+A-b_1", ".post2", "*",
            ],
        },
        digits: 1_000,
        pairs: 12_000,
    }
    .check(Command::new(python).args(["-c", script]));
}

#[test]
fn npm_agrees_with_node_semver() {
    let name = "npm_agrees_with_node_semver";
    let script = node_script(
        "
for (const line of fs.readFileSync(0, 'utf8').split('\\n').slice(0, -1)) {
  const [a, b] = line.split('\\t');
  const [x, y] = [a, b].map(text => semver.valid(text, true) !== null);
  const order = x && y ? semver.compare(a, b, true) : null;
  console.log((x ? '1' : '0') + (y ? '1' : '0') + (order === null ? '?' : order < 0 ? '<' : order > 0 ? '>' : '='));
}
",
    );
    if !answers(Command::new("node").args(["-e", &script, "there?"])) {
        return skip(name, "Node.js with its semver is not installed");
    }
    Comparison {
        scheme: Scheme::Npm,
        table: include_str!("../../testdata/versions/npm.txt"),
        pieces: Pieces {
            numbers: (2, 4),
            ..SEMVER
        },
        // JavaScript rounds greater ones.
        digits: 15,
        pairs: 12_000,
    }
    .check(Command::new("node").args(["-e", &script]));
}

#[test]
fn cargo_and_swift_agree_with_the_semver_crate() {
    let comparison = Comparison {
        scheme: Scheme::Cargo,
        table: include_str!("../../testdata/versions/semver.txt"),
        pieces: SEMVER,
        digits: 1_000,
        pairs: 12_000,
    };
    let pairs = comparison.pairs();
    let wrong = pairs.iter().filter_map(|(a, b)| {
        let (one, two) = (semver::Version::parse(a), semver::Version::parse(b));
        for (text, parsed) in [(a, &one), (b, &two)] {
            if Scheme::Cargo.is_valid(text) != parsed.is_ok() {
                return Some(format!("{text}: {parsed:?}"));
            }
        }
        let theirs = one.ok()?.cmp_precedence(&two.ok()?);
        [Scheme::Cargo, Scheme::Swift, Scheme::Semver, Scheme::Hex]
            .into_iter()
            .any(|scheme| scheme.compare(a, b) != theirs)
            .then(|| format!("{a} {theirs:?} {b}"))
    });
    assert_none(wrong);
}

#[test]
fn gem_agrees_with_rubygems() {
    let name = "gem_agrees_with_rubygems";
    if !answers(Command::new("ruby").args(["-e", "Gem::Version"])) {
        return skip(name, "Ruby is not installed");
    }
    let script = "
$stdin.each_line(chomp: true) do |line|
  a, b = line.split(\"\\t\")
  x, y = [a, b].map { |text| Gem::Version.correct?(text) ? true : false }
  order = x && y ? Gem::Version.new(a) <=> Gem::Version.new(b) : nil
  puts \"#{x ? 1 : 0}#{y ? 1 : 0}#{order.nil? ? '?' : { -1 => '<', 0 => '=', 1 => '>' }[order]}\"
end
";
    Comparison {
        scheme: Scheme::Gem,
        table: include_str!("../../testdata/versions/gem.txt"),
        pieces: Pieces {
            prefixes: &["v"],
            prefixed: 5,
            numbers: (1, 4),
            joints: &[".", ".", ".", "-", "", "_"],
            words: &[
                "a", "b", "rc", "pre", "beta", "A", "rc1", "x86", "java", "0a", "b0",
            ],
            suffixes: &["-x86_64-linux", ".0", ".0.0", ".pre", "-", "."],
        },
        digits: 1_000,
        pairs: 12_000,
    }
    .check(Command::new("ruby").args(["-e", script]));
}

#[test]
fn maven_agrees_with_comparable_version() {
    let name = "maven_agrees_with_comparable_version";
    let jar = "/usr/share/java/maven-artifact-3.x.jar";
    if !Path::new(jar).exists() || !answers(Command::new("javac").arg("-version")) {
        return skip(name, "a JDK and libmaven3-core-java are not installed");
    }
    let source = "
import java.io.*;
import org.apache.maven.artifact.versioning.ComparableVersion;
class Compare {
    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder out = new StringBuilder();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] pair = line.split(\"\\t\");
            int order = new ComparableVersion(pair[0]).compareTo(new ComparableVersion(pair[1]));
            out.append(order < 0 ? \"--<\\n\" : order > 0 ? \"-->\\n\" : \"--=\\n\");
        }
        System.out.print(out);
    }
}
";
    let file = source_file("Compare.java", source);
    Comparison {
        scheme: Scheme::Maven,
        table: include_str!("../../testdata/versions/maven.txt"),
        pieces: Pieces {
            prefixes: &["v", "alpha-", ".", "-", "r"],
            prefixed: 5,
            numbers: (1, 4),
            joints: &[".", ".", "-", "-", "", "", "_", "+"],
            words: &[
                "alpha",
                "beta",
                "milestone",
                "rc",
                "cr",
                "snapshot",
                "ga",
                "final",
                "release",
                "sp",
                "a",
                "b",
                "m",
                "x",
                "jre",
                "RC",
                "SNAPSHOT",
                "Final",
                "android",
                "0",
                "00",
            ],
            suffixes: &[
                "-SNAPSHOT",
                ".Final",
                ".0.0",
                "-0",
                "-",
                ".",
                ".RELEASE",
                "-jre",
                "--1",
            ],
        },
        digits: 1_000,
        pairs: 40_000,
    }
    .check(Command::new("java").args(["-cp", jar]).arg(file));
}

#[test]
fn jvm_agrees_with_the_runtime() {
    let name = "jvm_agrees_with_the_runtime";
    if !answers(Command::new("javac").arg("-version")) {
        return skip(name, "a JDK is not installed");
    }
    let source = "
import java.io.*;
class Versions {
    static Runtime.Version parse(String text) {
        try { return Runtime.Version.parse(text); } catch (RuntimeException e) { return null; }
    }
    static boolean odd(Runtime.Version version) {
        return version == null || version.feature() < 9
            || !version.pre().map(pre -> pre.matches(\"ea|beta|internal\")).orElse(true);
    }
    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder out = new StringBuilder();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] pair = line.split(\"\\t\");
            Runtime.Version a = parse(pair[0]), b = parse(pair[1]);
            out.append(a == null ? \"-\" : \"1\").append(b == null ? \"-\" : \"1\");
            if (odd(a) || odd(b)) { out.append(\"?\\n\"); continue; }
            int order = a.compareToIgnoreOptional(b);
            out.append(order < 0 ? \"<\\n\" : order > 0 ? \">\\n\" : \"=\\n\");
        }
        System.out.print(out);
    }
}
";
    let file = source_file("Versions.java", source);
    // Words that are no stage say who built it, where the runtime takes any word for a prerelease;
    // and `1.8` is 8, where the runtime only knows its own form.
    Comparison {
        scheme: Scheme::Jvm,
        table: include_str!("../../testdata/versions/jvm.txt"),
        pieces: Pieces {
            prefixes: &["1", "2"],
            prefixed: 1,
            numbers: (1, 4),
            joints: &["-"],
            words: &["ea", "ea", "beta", "internal"],
            suffixes: &["+8", "+9", "+11", "+9-LTS", "-ea+3", "-ea+35"],
        },
        digits: 9,
        pairs: 20_000,
    }
    .check_order(Command::new("java").arg(file), |a, b| {
        Scheme::Jvm.sort_order(a, b)
    });
}

#[test]
fn composer_agrees_with_composer_semver() {
    let name = "composer_agrees_with_composer_semver";
    let library = "/usr/share/php/Composer/Semver/autoload.php";
    if !Path::new(library).exists() || !answers(Command::new("php").arg("--version")) {
        return skip(name, "php-cli and php-composer-semver are not installed");
    }
    // Two branches are different, and neither is before the other.
    let script = "
require '/usr/share/php/Composer/Semver/autoload.php';
use Composer\\Semver\\Comparator;
$parser = new Composer\\Semver\\VersionParser();
function read($parser, $text) {
    try { return $parser->normalize($text); } catch (UnexpectedValueException $e) { return null; }
}
while (($line = fgets(STDIN)) !== false) {
    [$a, $b] = explode(\"\\t\", rtrim($line, \"\\n\"));
    [$a, $b] = [read($parser, $a), read($parser, $b)];
    $order = '?';
    if ($a !== null && $b !== null) {
        if (Comparator::lessThan($a, $b)) $order = '<';
        elseif (Comparator::greaterThan($a, $b)) $order = '>';
        elseif (Comparator::equalTo($a, $b)) $order = '=';
    }
    echo $a === null ? 0 : 1, $b === null ? 0 : 1, $order, \"\\n\";
}
";
    Comparison {
        scheme: Scheme::Composer,
        table: include_str!("../../testdata/versions/composer.txt"),
        pieces: Pieces {
            prefixes: &[
                "v", "dev-", "V", "2024", "202401", "12345", "2024-01-", "DEV-",
            ],
            prefixed: 5,
            numbers: (1, 5),
            joints: &[".", "-", "-", "_", "", "", ":"],
            words: &[
                "alpha", "beta", "RC", "rc", "patch", "pl", "p", "a", "b", "stable", "dev", "x",
                "foo", "20", "Beta", "STABLE",
            ],
            suffixes: &[
                "-dev", ".x-dev", "+build", "@beta", "dev", ".*", "@dev", "-stable", ".x.x-dev",
            ],
        },
        digits: 17,
        pairs: 20_000,
    }
    .check(Command::new("php").args(["-r", script]));
}

#[test]
fn pear_agrees_with_version_compare() {
    let name = "pear_agrees_with_version_compare";
    if !answers(Command::new("php").arg("--version")) {
        return skip(name, "PHP is not installed");
    }
    // A separator at the end is read in two ways by PHP, and `#` in two ways at the start: it
    // contradicts itself there (`1. < 1.dev` and `1.dev < 1.`).
    let script = "
while (($line = fgets(STDIN)) !== false) {
    [$a, $b] = explode(\"\\t\", rtrim($line, \"\\n\"));
    $order = version_compare($a, $b);
    $odd = preg_match('/[^0-9A-Za-z](\\t|$)|(^|\\t)#/', \"$a\\t$b\");
    echo '--', $odd ? '?' : ($order < 0 ? '<' : ($order > 0 ? '>' : '=')), \"\\n\";
}
";
    Comparison {
        scheme: Scheme::Pear,
        table: include_str!("../../testdata/versions/pear.txt"),
        pieces: Pieces {
            prefixes: &["v", "-", ".", "rc"],
            prefixed: 5,
            numbers: (1, 4),
            joints: &[".", "-", "_", "+", "", "", "..", "~"],
            words: &[
                "dev", "alpha", "a", "beta", "b", "RC", "rc", "pl", "p", "foo", "Rc", "patch",
                "alphabet", "Beta", "x",
            ],
            suffixes: &["-dev", "pl1", "RC1", "+1", "."],
        },
        digits: 17,
        pairs: 20_000,
    }
    .check(Command::new("php").args(["-r", script]));
}

#[test]
fn go_agrees_with_mod_semver() {
    let name = "go_agrees_with_mod_semver";
    let root = Command::new("go").args(["env", "GOROOT"]).output();
    let root = root.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let library = root.map(|root| Path::new(&root).join("src/cmd/vendor/golang.org/x/mod/semver"));
    let Some(library) = library.ok().filter(|library| library.exists()) else {
        return skip(name, "Go with its sources is not installed");
    };
    let source = "
package main

import (
\t\"bufio\"
\t\"fmt\"
\t\"os\"
\t\"strings\"

\t\"compare/semver\"
)

func read(text string) string {
\tif !strings.HasPrefix(text, \"v\") {
\t\treturn \"v\" + text
\t}
\treturn text
}

func main() {
\tin := bufio.NewScanner(os.Stdin)
\tfor in.Scan() {
\t\tpair := strings.Split(in.Text(), \"\\t\")
\t\ta, b := read(pair[0]), read(pair[1])
\t\tflags, order := \"\", \"?\"
\t\tfor _, text := range []string{a, b} {
\t\t\tif semver.IsValid(text) {
\t\t\t\tflags += \"1\"
\t\t\t} else {
\t\t\t\tflags += \"-\"
\t\t\t}
\t\t}
\t\tif flags == \"11\" {
\t\t\torder = string(\"<=>\"[semver.Compare(a, b)+1])
\t\t}
\t\tfmt.Println(flags + order)
\t}
}
";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("versions-go");
    std::fs::create_dir_all(folder.join("semver")).expect("the folder can be made");
    let code = std::fs::read(library.join("semver.go")).expect("the library can be read");
    std::fs::write(folder.join("semver/semver.go"), code).expect("it can be written");
    std::fs::write(folder.join("main.go"), source).expect("it can be written");
    std::fs::write(folder.join("go.mod"), "module compare\n").expect("it can be written");
    let mut build = Command::new("go");
    build
        .args(["build", "-o", "compare", "."])
        .current_dir(&folder);
    build
        .env("GOTOOLCHAIN", "local")
        .env("GO111MODULE", "on")
        .env("GOFLAGS", "");
    if !answers(&mut build) {
        return skip(name, "Go does not build its own semver package here");
    }
    Comparison {
        scheme: Scheme::Go,
        table: include_str!("../../testdata/versions/go.txt"),
        pieces: Pieces {
            suffixes: &[
                "+incompatible",
                "-0.20240101120000-abcdef123456",
                "-0.20240102120000-0123456789ab",
                "-pre.0.20240101120000-abcdef123456",
                "-rc.1",
            ],
            numbers: (1, 3),
            ..SEMVER
        },
        digits: 1_000,
        pairs: 12_000,
    }
    .check(&mut Command::new(folder.join("compare")));
}

#[test]
fn hex_agrees_with_elixir() {
    let name = "hex_agrees_with_elixir";
    if !answers(Command::new("elixir").arg("--version")) {
        return skip(name, "Elixir is not installed");
    }
    let script = "
for line <- IO.stream(:stdio, :line) do
  [a, b] = line |> String.trim_trailing(\"\\n\") |> String.split(\"\\t\") |> Enum.map(&Version.parse/1)
  flag = fn {:ok, _} -> \"1\"; :error -> \"0\" end
  order = case {a, b} do
    {{:ok, a}, {:ok, b}} -> %{lt: \"<\", eq: \"=\", gt: \">\"}[Version.compare(a, b)]
    _ -> \"?\"
  end
  IO.puts(flag.(a) <> flag.(b) <> order)
end
";
    Comparison {
        scheme: Scheme::Hex,
        table: include_str!("../../testdata/versions/semver.txt"),
        pieces: SEMVER,
        digits: 1_000,
        pairs: 12_000,
    }
    .check(Command::new("elixir").args(["-e", script]));
}

#[test]
fn cran_agrees_with_r() {
    let name = "cran_agrees_with_r";
    if !answers(Command::new("Rscript").arg("--version")) {
        return skip(name, "R is not installed");
    }
    let script = "
pairs <- strsplit(readLines(file('stdin')), '\\t', fixed = TRUE)
texts <- do.call(rbind, pairs)
a <- numeric_version(texts[, 1], strict = FALSE)
b <- numeric_version(texts[, 2], strict = FALSE)
ordered <- !is.na(a) & !is.na(b)
order <- rep('?', nrow(texts))
order[ordered] <- ifelse(a[ordered] < b[ordered], '<', ifelse(a[ordered] > b[ordered], '>', '='))
writeLines(paste0(as.integer(!is.na(a)), as.integer(!is.na(b)), order))
";
    Comparison {
        scheme: Scheme::Cran,
        table: include_str!("../../testdata/versions/cran.txt"),
        pieces: Pieces {
            prefixes: &["v"],
            prefixed: 5,
            numbers: (1, 4),
            joints: &[".", "-", "-", "."],
            words: &["0", "9000", "1", "10", "x"],
            suffixes: &["-1", ".0", "-", "."],
        },
        digits: 9,
        pairs: 8_000,
    }
    .check(Command::new("Rscript").args(["-e", script]));
}

#[test]
fn cpan_agrees_with_version_pm() {
    let name = "cpan_agrees_with_version_pm";
    if !answers(Command::new("perl").args(["-Mversion", "-e", "exit 0"])) {
        return skip(name, "Perl is not installed");
    }
    let script = "
use version;
no warnings;
while (<STDIN>) {
    chomp;
    my ($a, $b) = split /\\t/;
    my ($x, $y) = map { version::is_lax($_) && $_ ne 'undef' && defined eval { version->parse($_) } ? 1 : 0 } $a, $b;
    my $order = $x && $y ? ('=', '>', '<')[version->parse($a) <=> version->parse($b)] : '?';
    print \"$x$y$order\\n\";
}
";
    Comparison {
        scheme: Scheme::Cpan,
        table: include_str!("../../testdata/versions/cpan.txt"),
        pieces: Pieces {
            prefixes: &["v", "v", "."],
            prefixed: 5,
            numbers: (1, 4),
            joints: &["_", "_", ".", ""],
            words: &["00", "001", "5", "10", "0", "050"],
            suffixes: &["_01", ".", "000", "_", ".0"],
        },
        digits: 9,
        pairs: 12_000,
    }
    .check(Command::new("perl").args(["-e", script]));
}

#[test]
fn conda_agrees_with_rattler() {
    let name = "conda_agrees_with_rattler";
    let Some(python) = python_with("rattler") else {
        return skip(
            name,
            "py-rattler, conda's order in Python, is not installed",
        );
    };
    // The library takes some that conda refuses (`1+a_`), and it cuts the underscore at the end off
    // the word before it, where conda compares both as one word (`1.0a < 1.0a_`).
    let script = "
import re, sys
from rattler import Version
def read(text):
    if re.search('[a-z][_-]+([+]|$)|[+].*[_-]$', text, re.I):
        return None
    try:
        return Version(text)
    except Exception:
        return None
for line in sys.stdin:
    a, b = (read(text) for text in line.rstrip('\\n').split('\\t'))
    order = '?' if a is None or b is None else '<' if a < b else '>' if a > b else '='
    print(('-' if a is None else '1') + ('-' if b is None else '1') + order)
";
    Comparison {
        scheme: Scheme::Conda,
        table: include_str!("../../testdata/versions/conda.txt"),
        pieces: Pieces {
            prefixes: &["1!", "0!", "2!", "v"],
            prefixed: 5,
            numbers: (1, 4),
            joints: &[".", "_", "-", "", "", "+"],
            words: &[
                "a", "b", "rc", "dev", "post", "DEV", "alpha", "RC", "g", "devel", "poster",
            ],
            suffixes: &["_", "+1", "+a.1", ".post1", ".dev0", "-"],
        },
        digits: 17,
        pairs: 20_000,
    }
    .check(Command::new(python).args(["-c", script]));
}

#[test]
fn luarocks_agrees_with_luarocks() {
    let name = "luarocks_agrees_with_luarocks";
    let script = "
package.path = '/usr/share/lua/5.1/?.lua;' .. package.path
package.loaded['luarocks.core.util'] = { warning = function() end }
local vers = require('luarocks.core.vers')
if arg[1] then os.exit(0) end
for line in io.lines() do
   local a, b = line:match('^(.-)\\t(.*)$')
   a, b = vers.parse_version(a), vers.parse_version(b)
   print('--' .. (a < b and '<' or b < a and '>' or '='))
end
";
    let file = source_file("compare.lua", script);
    if !answers(Command::new("lua5.1").arg(&file).arg("there?")) {
        return skip(name, "lua5.1 and luarocks are not installed");
    }
    Comparison {
        scheme: Scheme::Luarocks,
        table: include_str!("../../testdata/versions/luarocks.txt"),
        pieces: Pieces {
            prefixes: &["v", "scm-", "dev"],
            prefixed: 5,
            numbers: (1, 3),
            joints: &[".", "-", "_", "", ""],
            words: &[
                "alpha", "beta", "pre", "rc", "scm", "dev", "cvs", "a", "b", "x", "Rc",
            ],
            suffixes: &["-1", "-2", "-10", "-0", "-", "+1"],
        },
        // Weights are fractions of a hundred-thousandth, which Lua rounds in larger numbers.
        digits: 4,
        pairs: 20_000,
    }
    .check(Command::new("lua5.1").arg(&file));
}

#[test]
fn nix_agrees_with_nix() {
    let name = "nix_agrees_with_nix";
    let arguments = ["--eval", "--strict", "--store", "dummy://", "-E"];
    if !answers(Command::new("nix-instantiate").args(arguments).arg("1")) {
        return skip(name, "Nix is not installed");
    }
    let comparison = Comparison {
        scheme: Scheme::Nix,
        table: include_str!("../../testdata/versions/nix.txt"),
        pieces: Pieces {
            prefixes: &["v", "unstable-", "pre"],
            prefixed: 5,
            numbers: (1, 4),
            joints: &[".", "-", "", "", "_", "..", "+"],
            words: &[
                "pre", "rc", "a", "b", "git", "p", "prex", "unstable", "beta", "Z",
            ],
            suffixes: &["pre", "-", "-2024-01-01", "."],
        },
        digits: 9,
        pairs: 12_000,
    };
    let quoted = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{}\"", text.replace("${", "\\${"))
    };
    let pairs = comparison.pairs();
    let script = pairs
        .iter()
        .map(|(a, b)| {
            format!(
                "(toString (builtins.compareVersions {} {}))\n",
                quoted(a),
                quoted(b)
            )
        })
        .collect::<String>();
    let file = source_file(
        "compare.nix",
        &format!("builtins.concatStringsSep \" \" [\n{script}]"),
    );
    let said = run(
        Command::new("nix-instantiate")
            .args(&arguments[..4])
            .arg(file),
        "",
    );
    let said = said.trim().trim_matches('"').split(' ').collect::<Vec<_>>();
    assert_eq!(said.len(), pairs.len(), "one answer per pair");
    let wrong = pairs.iter().zip(said).filter_map(|((a, b), said)| {
        let ours = (Scheme::Nix.compare(a, b) as i8).to_string();
        (ours != said).then(|| format!("{a} {said} {b}"))
    });
    assert_none(wrong);
}

/// Returns a program for Node.js that has npm's own `semver`, and ends at once when given a word.
pub(crate) fn node_script(text: &str) -> String {
    let prelude = "
const fs = require('fs'), path = require('path');
function load() {
  const npm = path.dirname(process.execPath) + '/npm';
  const own = fs.existsSync(npm) ? path.join(path.dirname(fs.realpathSync(npm)), '..', 'node_modules', 'semver') : 'semver';
  for (const name of [own, '/usr/share/nodejs/semver', 'semver']) {
    try { return require(name); } catch (e) {}
  }
  process.exit(1);
}
const semver = load();
if (process.argv.length > 1) process.exit(0);
";
    format!("{prelude}{text}")
}

/// Writes a program to a file for the test.
pub(crate) fn source_file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("the folder for tests can be written");
    path
}
