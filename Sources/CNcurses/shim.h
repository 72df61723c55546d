#pragma once
#define _XOPEN_SOURCE_EXTENDED 1
#define NCURSES_WIDECHAR 1
#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <curses.h>

// Swift sees neither ncurses's macros with arguments nor, in strict concurrency, its globals.

/// Takes the user's locale; whether its characters are UTF-8.
static inline bool lapwing_use_locale(void) {
    setlocale(LC_ALL, "");
    // Numbers stay as programs read them.
    setlocale(LC_NUMERIC, "C");
    const char *codeset = nl_langinfo(CODESET);
    return codeset != NULL && codeset[0] == 'U' && codeset[1] == 'T' && codeset[2] == 'F';
}

static inline WINDOW *lapwing_window(void) { return stdscr; }

/// Takes the terminal of standard output over, with keys from standard input, or from the terminal
/// itself where that is something else.
///
/// The descriptor that keys come from; -1 when there is no such terminal.
static inline int lapwing_open_terminal(void) {
    FILE *keys = isatty(STDIN_FILENO) ? stdin : fopen("/dev/tty", "re");
    if (keys == NULL || newterm(NULL, stdout, keys) == NULL) return -1;
    return fileno(keys);
}

// What the system has and Swift's Glibc leaves out: descriptors that wait for signals and threads.

static inline int lapwing_signal_descriptor(const sigset_t *signals) {
    return signalfd(-1, signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

/// The next signal that came; 0 when there is none.
static inline int lapwing_take_signal(int descriptor) {
    struct signalfd_siginfo info;
    if (read(descriptor, &info, sizeof info) != sizeof info) return 0;
    return (int)info.ssi_signo;
}

static inline int lapwing_event_descriptor(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

static inline void lapwing_raise_event(int descriptor) { eventfd_write(descriptor, 1); }

static inline void lapwing_clear_event(int descriptor) {
    eventfd_t count;
    eventfd_read(descriptor, &count);
}

static inline int lapwing_colors(void) { return has_colors() ? COLORS : 0; }

/// The looks of a cell, as bits that mean the same in Swift.
enum {
    lapwing_bold = 1,
    lapwing_dim = 2,
    lapwing_reverse = 4,
    lapwing_underline = 8,
};

/// Writes one character with its marks; a `pair` of 0 is the terminal's own colours.
static inline void lapwing_put(WINDOW *window, int row, int column, const uint32_t *scalars,
                               int count, int looks, int pair) {
    wchar_t text[CCHARW_MAX + 1] = {0};
    for (int i = 0; i < count && i < CCHARW_MAX; i++) text[i] = (wchar_t)scalars[i];
    attr_t attributes = A_NORMAL;
    if (looks & lapwing_bold) attributes |= A_BOLD;
    if (looks & lapwing_dim) attributes |= A_DIM;
    if (looks & lapwing_reverse) attributes |= A_REVERSE;
    if (looks & lapwing_underline) attributes |= A_UNDERLINE;
    cchar_t cell;
    if (setcchar(&cell, text, attributes, (short)pair, NULL) == OK) {
        mvwadd_wchnstr(window, row, column, &cell, 1);
    }
}

/// What a key press was.
enum { lapwing_no_key = 0, lapwing_character = 1, lapwing_function_key = 2 };

/// Takes one key that is already there; `code` is a character or one of the KEY_ constants.
static inline int lapwing_get_key(WINDOW *window, uint32_t *code) {
    wint_t read = 0;
    int kind = wget_wch(window, &read);
    *code = (uint32_t)read;
    return kind == OK ? lapwing_character
        : kind == KEY_CODE_YES ? lapwing_function_key : lapwing_no_key;
}

/// Asks for presses and the wheel; the clicks are put together by the program, so that a press does
/// not wait for a second one.
static inline void lapwing_use_mouse(void) {
    mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
    mouseinterval(0);
}

enum { lapwing_press = 1, lapwing_wheel_up = 2, lapwing_wheel_down = 3 };

/// The mouse event behind KEY_MOUSE; 0 when it is none that was asked for.
static inline int lapwing_get_mouse(int *row, int *column) {
    MEVENT event;
    if (getmouse(&event) != OK) return 0;
    *row = event.y;
    *column = event.x;
    if (event.bstate & BUTTON1_PRESSED) return lapwing_press;
    if (event.bstate & BUTTON4_PRESSED) return lapwing_wheel_up;
    if (event.bstate & BUTTON5_PRESSED) return lapwing_wheel_down;
    return 0;
}

/// What leaves the terminal's full-screen mode, for a program that can no longer call ncurses.
static inline const char *lapwing_capability(const char *name) {
    const char *text = tigetstr(name);
    return text == (const char *)-1 ? NULL : text;
}
