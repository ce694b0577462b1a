//! Debian's perl, as `perl-base` has it.

use super::{Case, Debian};
use crate::same::Program;

/// The case.
pub(super) static CASE: Case = Case {
    name: "perl",
    about: "hashes, regular expressions, files, signals and modules by perl -e",
    packages: &["libc6", "libcrypt1", "perl-base"],
    check,
};

/// Where its modules lie.
const MODULES: &str = "usr/lib/x86_64-linux-gnu/perl-base";

const LINES: &[&[&str]] = &[
    &[
        "-e",
        "my %n; $n{lc $1}++ while <STDIN> =~ /(\\w+)/; print map { \"$_ $n{$_}\\n\" } sort keys %n; print \"$]\\n\"",
    ],
    &["-ne", "print if /a/ .. /c/; END { print $. }"],
    &["-lane", "print join '|', reverse @F"],
    &["-0777", "-pe", "s/(\\w)(\\w+)/\\u$1$2/g; tr/a-e/A-E/"],
    &[
        "-e",
        "printf \"%s %.10g %x %b %e\\n\", 2**0.5, atan2(1, 1) * 4, 255, 10, 1 / 3; print 2**64, ' ', 10 % 3, ' ', -7 / 2, \"\\n\"",
    ],
    &[
        "-e",
        "my @s = sort { $a <=> $b } map { ($_ * 7919) % 1009 } 1 .. 5000; print \"@s[0..9] @s[-3..-1]\\n\"",
    ],
    &[
        "-e",
        "open my $f, '+>', 'work/out' or die $!; print $f \"line $_\\n\" for 1 .. 1000; seek $f, -9, 2; print <$f>; print -s 'work/out', \"\\n\"; truncate $f, 4; close $f; open $f, '<', 'work/out'; print <$f>, \"\\n\"; rename 'work/out', 'work/new' and unlink 'work/new' or die; print -e 'work/new' ? 1 : 0",
    ],
    &[
        "-e",
        "opendir my $d, 'work' or die; print join(' ', sort grep { !/^\\./ } readdir $d), \"\\n\"; mkdir 'work/d' or die; rmdir 'work/d' or die; rmdir 'work/none' or print \"$!\\n\"; symlink 'text', 'work/l'; print readlink 'work/l'",
    ],
    &[
        "-e",
        "$SIG{ALRM} = sub { die \"late\\n\" }; eval { alarm 1; 1 while 1 }; print \"got $@\"; $SIG{USR1} = sub { print \"usr1\\n\" }; kill USR1 => $$; print 'after'",
    ],
    &[
        "-e",
        "local $SIG{__WARN__} = sub { print \"warned: @_\" }; warn 'x'; eval { die { code => 5 } }; print $@->{code}, \"\\n\"; die 'end'",
    ],
    &[
        "-MList::Util=sum,shuffle,first",
        "-MScalar::Util=blessed",
        "-e",
        "print sum(1 .. 100), ' ', first { $_ > 7 } 1 .. 10; print blessed(bless [], 'Thing'), \"\\n\"",
    ],
    &[
        "-MPOSIX=floor,ceil,strftime,fmod",
        "-e",
        "print floor(-1.5), ceil(1.2), fmod(7, 3), ' ', strftime('%F %T', gmtime(86400 * 365)), \"\\n\"; print POSIX::sysconf(POSIX::_SC_PAGESIZE())",
    ],
    &[
        "-MFcntl=:flock,:seek",
        "-MIO::File",
        "-e",
        "my $f = IO::File->new('work/text', 'r+'); print flock($f, LOCK_EX | LOCK_NB), ' ', $f->getline; $f->seek(0, SEEK_END); print $f->tell",
    ],
    &[
        "-Mutf8",
        "-CS",
        "-e",
        "my $s = \"\\x{e4}\\x{20ac}z\"; print length $s, ' ', uc $s, ' ', ord(substr $s, 1, 1), \"\\n\"; print join ' ', unpack('U*', $s), unpack('H*', pack('Nn', 1, 2))",
    ],
    &[
        "-e",
        "print crypt('secret', '$6$salt$'), \"\\n\"; print join ' ', map { sprintf '%02x', $_ } unpack 'C*', pack 'w/a', 'abc'",
    ],
    &[
        "-e",
        "sub f { my $n = shift; $n < 2 ? $n : f($n - 1) + f($n - 2) } print f(20), \"\\n\"; print eval '1 +' // \"error: $@\"",
    ],
    &["-we", "use strict; my $x; print \"a$x\\n\"; exit 9"],
    &["-c", "-e", "print 1"],
    &["-e", "kill 'TERM', $$; sleep 5"],
];

fn check(debian: &Debian) {
    let perl = Program::of(
        debian,
        "usr/bin/perl",
        &[("work/text", b"one two\nthree\n")],
        &[MODULES],
    );
    let perl = perl.env("PERL5LIB", MODULES);
    perl.same_for_all(b"alpha one\nbeta Two\nALPHA cee\ndelta four\n", LINES);
}
