//! Reading the facts of a 64-bit little-endian file.

use object::elf;
use object::endian::LittleEndian as LE;
use object::read::elf::{FileHeader, ProgramHeader};

use super::memory::Memory;
use super::{ElfFacts, Tls};

pub(super) type Header = elf::FileHeader64<LE>;

/// Why a file can't be read.
pub(super) type Result<T> = std::result::Result<T, String>;

impl ElfFacts {
    /// Fills in all facts.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<()> {
        let header = Header::parse(bytes).map_err(|error| error.to_string())?;
        self.entry = header.e_entry(LE);
        let segments = header
            .program_headers(LE, bytes)
            .map_err(|error| error.to_string())?;
        if header.e_phnum(LE) == elf::PN_XNUM {
            return Err("more than 65,534 program headers".to_owned());
        }
        let memory = Memory(bytes, segments);
        for segment in segments {
            self.read_segment(segment, &memory)?;
        }
        Ok(())
    }

    fn read_segment(
        &mut self,
        segment: &elf::ProgramHeader64<LE>,
        memory: &Memory<'_>,
    ) -> Result<()> {
        let bytes = memory.0;
        match segment.p_type(LE) {
            elf::PT_LOAD => {
                let within = segment
                    .p_offset(LE)
                    .checked_add(segment.p_filesz(LE))
                    .is_some_and(|end| end <= bytes.len() as u64);
                if !within {
                    return Err("a segment reaches beyond the end of the file".to_owned());
                }
                let end = segment
                    .p_vaddr(LE)
                    .checked_add(segment.p_memsz(LE))
                    .ok_or("a segment reaches beyond the address space")?;
                if segment.p_filesz(LE) > segment.p_memsz(LE) {
                    return Err("a segment is longer in the file than in memory".to_owned());
                }
                self.memory_end = self.memory_end.max(end);
                let both = elf::PF_W.0 | elf::PF_X.0;
                self.writable_code |= segment.p_flags(LE).0 & both == both;
            }
            elf::PT_INTERP => {
                let path = segment
                    .interpreter(LE, bytes)
                    .map_err(|error| error.to_string())?;
                self.interpreter = path.map(text);
            }
            elf::PT_DYNAMIC => {
                let dynamic = segment
                    .dynamic(LE, bytes)
                    .map_err(|error| error.to_string())?;
                self.read_dynamic(dynamic.unwrap_or_default(), memory)?;
            }
            elf::PT_TLS => {
                self.tls = Some(Tls {
                    len: segment.p_memsz(LE),
                    align: segment.p_align(LE),
                });
            }
            elf::PT_GNU_RELRO => self.relro = true,
            elf::PT_GNU_STACK => {
                self.executable_stack = segment.p_flags(LE).0 & elf::PF_X.0 != 0;
            }
            _ => {}
        }
        Ok(())
    }
}

pub(super) fn folders(list: &str) -> Vec<String> {
    list.split(':')
        .filter(|folder| !folder.is_empty())
        .map(str::to_owned)
        .collect()
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
