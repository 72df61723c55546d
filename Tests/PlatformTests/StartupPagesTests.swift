import Platform
import Testing

struct StartupPagesTests {
    @Test func onlyTextOfFilesIsGivenBack() {
        let maps = """
            1000-2000 r--p 00000000 fe:00 1 /bin/a
            2000-4000 r-xp 00001000 fe:00 1 /bin/a
            4000-5000 rw-p 00003000 fe:00 1 /bin/a
            6000-7000 r-xp 00000000 00:00 0 [vdso]
            8000-9000 r-xp 00000000 00:00 0
            7f00-8f00 rwxp 00000000 fe:00 1 /bin/b
            x-y r-xp 00000000 fe:00 1 /bin/c

            """
        #expect(StartupPages.textRanges(Array(maps.utf8)) == [0x2000..<0x4000])
    }
}
