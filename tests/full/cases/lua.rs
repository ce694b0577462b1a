//! Debian's Lua 5.4.

use super::{Case, Debian};
use crate::same::{Files, Program};

/// The case.
pub(super) static CASE: Case = Case {
    name: "lua",
    about: "tables, closures, coroutines, strings, numbers and files by lua5.4",
    packages: &["libc6", "libreadline8", "libtinfo6", "lua5.4"],
    check,
};

const SCRIPT: &[u8] = br##"
local words = {}
for word in io.open("work/words"):lines() do words[#words + 1] = word end
table.sort(words, function(a, b) return a > b end)
print(table.concat(words, ","), #words, _VERSION)

local function primes(limit)
    return coroutine.wrap(function()
        local composite = {}
        for n = 2, limit do
            if not composite[n] then
                coroutine.yield(n)
                for m = n * n, limit, n do composite[m] = true end
            end
        end
    end)
end
local sum, count = 0, 0
for p in primes(200000) do sum, count = sum + p, count + 1 end
print(sum, count, math.maxinteger + 1 == math.mininteger, 7 // 2, -7 % 3, 2 ^ 0.5, 1e15, 0x10p2)

print(("%5.2f|%-5s|%q|%x"):format(math.pi, "ab", "a\nb", 255), ("hello world"):gsub("o", "0"))
print(string.pack("<i4z", 77, "x"):byte(1, -1))
print(utf8.char(228, 8364), utf8.len("\u{e4}\u{20ac}"))
print(pcall(error, { code = 2 }) , select("#", pcall(error)), pcall(function() local x = nil; return x.y end))
print(select(2, xpcall(function() error("deep", 0) end, function(m) return "handled " .. m end)))

local out = assert(io.open("work/out", "w+"))
out:setvbuf("full", 512)
for i = 1, 5000 do out:write(i, " ", i * i, "\n") end
print(out:seek("cur"), out:seek("set", 10), out:read("n", "n", "l", 5))
out:close()
print(os.rename("work/out", "work/moved"), io.open("work/out"), os.remove("work/moved"), os.remove("work/moved"))
print(os.getenv("HOME"), os.time({ year = 2024, month = 2, day = 30, hour = 12 }), os.date("!%F %T", 86399))

local weak = setmetatable({}, { __mode = "k" })
for i = 1, 20000 do weak[{}] = { i } end
collectgarbage()
print(next(weak), collectgarbage("count") < 4096)
do local closed <close> = setmetatable({}, { __close = function() print("closed") end }) end
print(io.read("a"))
io.stderr:write("to stderr\n")
os.exit(3, true)
"##;

fn check(debian: &Debian) {
    let files: Files = &[
        ("work/all.lua", SCRIPT),
        ("work/words", b"pear\napple\nfig\nquince\n"),
    ];
    let lua = Program::of(debian, "usr/bin/lua5.4", files, &[]);
    lua.same_for_all(
        b"read from stdin",
        &[
            &["work/all.lua"],
            &["-e", "print(#arg, arg[0])", "-", "one"],
            &["-e", "error('uncaught')"],
            &["-e", "local function f() return f() + 1 end; f()"],
            &["work/nosuch.lua"],
        ],
    );
}
