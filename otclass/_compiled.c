/* The parts that every text passes, compiled: a first look for something to clean, and the counting and scoring
 * of a model's terms.
 *
 * Optional: where it could not be compiled the Python code does the same, and the tests hold both equal. What each
 * part does is said there: otclass.cleaning.clean_all; otclass.text.words, abbreviations, Lexicon;
 * otclass.scoring.Terms.count, weigh, score.
 * Built against the limited API, so that one wheel serves every CPython from 3.11 on.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned char Byte;

/* Most of the time goes by waiting for memory, so what will be needed is asked for ahead. */
#if defined(__GNUC__)
#define ASK_AHEAD(address) __builtin_prefetch(address)
#else
#define ASK_AHEAD(address) ((void)(address))
#endif

static int failed_to_allocate(void) {
    PyErr_NoMemory();
    return -1;
}

/* An array with room for so many items, moved if need be; NULL, and the array freed, if there is no memory.
 * Needs no GIL. */
static void *reserved(void *array, Py_ssize_t *size, Py_ssize_t needed, size_t item) {
    if (needed < *size) return array;
    Py_ssize_t larger = needed * 2 + 1024;
    void *moved = realloc(array, (size_t)larger * item);
    *size = moved ? larger : 0;
    if (!moved) free(array);
    return moved;
}

#define RESERVE(name, needed) \
    ((self->name = reserved(self->name, &self->name##_size, (needed), sizeof *self->name)) != NULL)

static Byte is_word_byte[256]; /* ASCII letters and digits */
static double log_of[64];
static uint64_t seed; /* differs from run to run, so that nobody can write words that all want one slot */

static int is_letter(Byte c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static int is_space(Byte c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static Byte lower(Byte c) { return c >= 'A' && c <= 'Z' ? c | 32 : c; }

/* --- The first look at a text ------------------------------------------------------------------------------ */

/* As otclass.cleaning has them. */
enum { LITTLE = 240, WINDOW = 900, LONGEST_CHARACTER = 4 };

static const char *const notice_signs[] = {"copyright", "(c)",      "reserved", "published ", "elsevier",
                                           "wiley",     "springer", "commons",  "author]",    "\xc2\xa9"};
enum { NOTICE_SIGNS = sizeof notice_signs / sizeof *notice_signs };
static uint16_t signs_with[3][256]; /* a bit for each sign whose first, second or third byte it is, in either case */

static int may_hold_notice(const Byte *last, Py_ssize_t n) {
    for (Py_ssize_t i = 0; i + 1 < n; i++) {
        Byte third = i + 2 < n ? last[i + 2] : 0;
        if (!(signs_with[0][last[i]] & signs_with[1][last[i + 1]] & signs_with[2][third])) continue;
        for (int k = 0; k < NOTICE_SIGNS; k++) {
            Py_ssize_t j = 0;
            while (notice_signs[k][j] && i + j < n && lower(last[i + j]) == (Byte)notice_signs[k][j]) j++;
            if (!notice_signs[k][j]) return 1;
        }
    }
    return 0;
}

/* Whether the byte at i begins something to clean. */
static int is_to_clean(const Byte *text, Py_ssize_t n, Py_ssize_t i) {
    Byte c = text[i], next = i + 1 < n ? text[i + 1] : 0, after = i + 2 < n ? text[i + 2] : 0;
    if (c == '\r' || c == '\f' || c == 0xEF) return 1;
    if (c == '<') return is_letter(next) || next == '/' || next == '!' || next == '?';
    if (c == '&') return is_letter(next) || next == '#';
    if (c == 0xC2) return next == 0x85 || next == 0xAD;
    if (c == 0xE2 && next == 0x80) return (after >= 0x8B && after <= 0x8F) || (after >= 0xA8 && after <= 0xAE);
    return c == 0xE2 && next == 0x81 && after >= 0xA0 && after <= 0xA9;
}

enum { BLOCK = 32 };

/* 128 if two bytes are equal, and anything below if not: in arithmetic that a compiler can do for many at once. */
#define EQUAL(a, b) ((Byte)(((a) ^ (b)) - 1) & (Byte) ~((a) ^ (b)))

/* Whether a block has a byte that may begin something to clean. */
static int is_odd(const Byte *block) {
    Byte odd = 0;
    for (int i = 0; i < BLOCK; i++) {
        Byte c = block[i];
        odd |= EQUAL(c, '\n') | EQUAL(c, '\r') | EQUAL(c, '\f') | EQUAL(c, '<') | EQUAL(c, '&');
        odd |= EQUAL(c, 0xC2) | EQUAL(c, 0xE2) | EQUAL(c, 0xEF);
    }
    return odd & 128;
}

static Py_ssize_t count_characters(const Byte *text, Py_ssize_t n) {
    Py_ssize_t characters = 0;
    for (Py_ssize_t i = 0; i < n; i++) characters += (text[i] & 0xC0) != 0x80;
    return characters;
}

/* Whether a line may begin with a label ("Abstract: ..."): cleaning._LABELLED by its first letters; _ stands for a byte of no word. */
static int may_be_labelled(const Byte *line, Py_ssize_t n) {
    static const char beginnings[] = "absab_brisumdetoffpubarttitti_t1_n2_";
    if (n < 3) return 1;
    for (const char *its = beginnings; *its; its += 3)
        if (lower(line[0]) == (Byte)its[0] && lower(line[1]) == (Byte)its[1] &&
            (its[2] == '_' ? !is_word_byte[line[2]] : lower(line[2]) == (Byte)its[2]))
            return 1;
    return 0;
}

static int is_mark(Byte c) { return c > ' ' && c < 0x80; }

/* Whether two lines, the first up to `end`, are surely a title and an abstract: cleaning._is_title_and_abstract. */
static int is_title_and_abstract(const Byte *text, Py_ssize_t n, Py_ssize_t end) {
    Py_ssize_t title = count_characters(text, end), rest = count_characters(text + end, n - end);
    if (title < 15 || title > 300 || rest <= 200 || rest <= title) return 0;
    if (!is_mark(text[0]) || !is_mark(text[end - 1]) || !is_mark(text[end + 1]) || !is_mark(text[n - 1])) return 0;
    if (text[end - 1] == '-' || may_be_labelled(text, n) || may_be_labelled(text + end + 1, n - end - 1)) return 0;
    return memchr(text, ' ', (size_t)end) != NULL;
}

/* Whether cleaning surely leaves a UTF-8 text as it is. */
static int is_clean(const Byte *text, Py_ssize_t n) {
    Py_ssize_t line_end = -1;
    Byte all = 0;
    for (Py_ssize_t start = 0; start < n; start += BLOCK) {
        Byte rest[BLOCK] = {0};
        const Byte *block = text + start;
        if (n - start < BLOCK) block = memcpy(rest, block, (size_t)(n - start));
        for (int i = 0; i < BLOCK; i++) all |= block[i];
        if (!is_odd(block)) continue;
        for (Py_ssize_t i = start; i < n && i < start + BLOCK; i++) {
            if (is_to_clean(text, n, i)) return 0;
            if (text[i] != '\n') continue;
            if (line_end >= 0) return 0;
            line_end = i;
        }
    }
    if (line_end >= 0 && !is_title_and_abstract(text, n, line_end)) return 0;
    Py_ssize_t character = all & 0x80 ? LONGEST_CHARACTER : 1;
    Py_ssize_t window = n < WINDOW * character ? n : WINDOW * character;
    for (const Byte *p = text + n - window; (p = memchr(p, 'P', (size_t)(text + n - p))); p++)
        if (text + n - p >= 5 && !memcmp(p, "PsycI", 5)) return 0;
    window = n < LITTLE * character ? n : LITTLE * character;
    return !may_hold_notice(text + n - window, window);
}

typedef struct {
    const Byte *letters;
    Py_ssize_t size;
    Py_ssize_t end; /* where its numbers end */
} Text;

static PyObject *first_look(PyObject *Py_UNUSED(module), PyObject *texts) {
    if (!PyList_Check(texts)) {
        PyErr_SetString(PyExc_TypeError, "first_look takes a list of str");
        return NULL;
    }
    Py_ssize_t n = PyList_Size(texts);
    PyObject *encoded = PyTuple_New(n), *answer = PyBytes_FromStringAndSize(NULL, n);
    Text *views = calloc((size_t)n + 1, sizeof *views);
    if (!encoded || !answer || !views) goto failed;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *text = PyList_GetItem(texts, i);
        if (!text || !PyUnicode_Check(text)) {
            PyErr_Format(PyExc_TypeError, "item %zd of the texts is no str", i);
            goto failed;
        }
        PyObject *bytes = PyUnicode_AsUTF8String(text);
        if (!bytes) {
            /* Half a surrogate pair is no UTF-8; the closer look takes it. */
            if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) goto failed;
            PyErr_Clear();
            continue;
        }
        char *letters;
        if (PyTuple_SetItem(encoded, i, bytes) < 0 || PyBytes_AsStringAndSize(bytes, &letters, &views[i].size) < 0)
            goto failed;
        views[i].letters = (const Byte *)letters;
    }
    char *clean = PyBytes_AsString(answer);
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < n; i++) clean[i] = views[i].letters && is_clean(views[i].letters, views[i].size);
    Py_END_ALLOW_THREADS
    free(views);
    Py_DECREF(encoded);
    return answer;
failed:
    if (!PyErr_Occurred()) PyErr_NoMemory();
    free(views);
    Py_XDECREF(encoded);
    Py_XDECREF(answer);
    return NULL;
}

/* --- Tables of bigrams and pairs --------------------------------------------------------------------------- */

#define MULTIPLIER 0x9E3779B97F4A7C15ull

/* From 64-bit keys to numbers. A slot holds key + 1 in its upper 40 bits and the number in the lower 24; 0 is a free
 * slot. Most keys that are asked for are not there: a bit for each hash, in so few bytes that they stay in the
 * processor's cache, says so. */
typedef struct {
    uint64_t *slots, *filter;
    uint64_t mask;
    int shift, filter_shift;
} Table;

enum { NUMBER_BITS = 24, FILTER_BITS = 5 };

static int table_fill(Table *table, const int64_t *keys, Py_ssize_t n, int64_t first) {
    int bits = 4;
    while (((uint64_t)1 << bits) < (uint64_t)n / 2 * 3) bits++;
    table->shift = 64 - bits;
    table->filter_shift = 64 - bits - FILTER_BITS + 1;
    table->mask = ((uint64_t)1 << bits) - 1;
    table->slots = calloc((size_t)1 << bits, sizeof(uint64_t));
    table->filter = calloc(((size_t)1 << (bits + FILTER_BITS - 1)) / 64 + 1, sizeof(uint64_t));
    if (!table->slots || !table->filter) return failed_to_allocate();
    for (Py_ssize_t i = 0; i < n; i++) {
        uint64_t key = (uint64_t)keys[i] + 1;
        if (keys[i] < 0 || key >> (64 - NUMBER_BITS) || (first + i) >> NUMBER_BITS) {
            PyErr_SetString(PyExc_OverflowError, "too many stems or terms to be counted in C");
            return -1;
        }
        uint64_t hash = key * MULTIPLIER, slot = hash >> table->shift, bit = hash >> table->filter_shift;
        table->filter[bit >> 6] |= (uint64_t)1 << (bit & 63);
        while (table->slots[slot]) slot = (slot + 1) & table->mask;
        table->slots[slot] = key << NUMBER_BITS | (uint64_t)(first + i);
    }
    return 0;
}

/* Whether a key may be in the table. */
static int table_may_hold(const Table *table, int64_t sought) {
    uint64_t bit = ((uint64_t)sought + 1) * MULTIPLIER >> table->filter_shift;
    return table->filter[bit >> 6] >> (bit & 63) & 1;
}

static void table_ask_ahead(const Table *table, int64_t sought) {
    ASK_AHEAD(&table->slots[((uint64_t)sought + 1) * MULTIPLIER >> table->shift]);
}

/* The number of a key, or -1. */
static int64_t table_find(const Table *table, int64_t sought) {
    uint64_t key = (uint64_t)sought + 1, slot = key * MULTIPLIER >> table->shift;
    for (uint64_t here; (here = table->slots[slot]); slot = (slot + 1) & table->mask)
        if (here >> NUMBER_BITS == key) return (int64_t)(here & (((uint64_t)1 << NUMBER_BITS) - 1));
    return -1;
}

/* --- The counter ------------------------------------------------------------------------------------------- */

enum { IGNORED = -1, UNKNOWN = -2, END = -3, MISSED = -4 }; /* the first three are otclass.text.Lexicon's */
enum { LONGEST_WORD = 24, WORD_BITS = 17, WORD_SLOTS = 1 << WORD_BITS, MAX_WORDS = WORD_SLOTS / 2 };
enum { AHEAD = 16, MANY = 1 << 16, LARGE = 1 << 20 };
enum { LONGEST_SHORT_FORM = 8, LONGEST_LONG_FORM = 90, MORE_WORDS = 5 };

enum { PARTS = LONGEST_WORD / 8 };

/* A word's letters, with zeros behind. */
typedef struct {
    uint64_t part[PARTS];
} Letters;

static Letters first_letters[LONGEST_WORD + 1]; /* masks that keep a word's length */

typedef struct {
    Letters letters; /* all zero: a free slot */
    int32_t number;
} Word;

/* A word whose slot has been asked for, or a sentence end (no letters). */
typedef struct {
    Letters letters;
    uint32_t slot;
    int32_t length;
} Waiting;

typedef struct {
    int32_t unigram, key; /* none: -1 and the number of keys */
    int32_t first_class, n_classes;
} Stem;

typedef struct {
    uint64_t letters;
    Py_ssize_t start, end; /* of the long form in the text */
} ShortForm;

typedef struct {
    Py_ssize_t place;         /* where in the numbers its own is to stand */
    Py_ssize_t start, length; /* its letters among the missed ones */
} Missed;

typedef struct {
    PyObject_HEAD
    int made, busy;
    PyThreadState *thread; /* while the GIL is released */
    PyObject *number_of; /* bytes -> number of the stem; asked once a word */
    Word *words;         /* words met before; forgotten when full */
    int64_t n_words, n_stems, n_keys, n_terms, most_classes;
    Stem *stems;
    int32_t *classes; /* stem numbers, as Stem.first_class and n_classes say */
    Table bigrams, pairs;
    /* Of the present texts. */
    int32_t *numbers;
    Py_ssize_t n_numbers, numbers_size;
    Text *texts;
    Py_ssize_t texts_size;
    Missed *missed; /* words that are to be asked for */
    Py_ssize_t n_missed, missed_size;
    Byte *missed_letters;
    Py_ssize_t n_missed_letters, missed_letters_size;
    /* Of the present text. */
    Waiting waiting[AHEAD];
    unsigned first_waiting, n_waiting;
    ShortForm *short_forms; /* sorted by letters */
    Py_ssize_t n_short_forms, short_forms_size;
    uint64_t short_form_bits; /* a bit for each, by hash */
    Byte *token;              /* a word without its apostrophes */
    Py_ssize_t token_size;
    int64_t *bigrams_asked, *pairs_asked; /* keys that may be terms */
    Py_ssize_t n_bigrams_asked, bigrams_asked_size, n_pairs_asked, pairs_asked_size;
    int32_t *found; /* terms, each as often as it stands there */
    Py_ssize_t n_found, found_size;
    int32_t *times; /* of each term */
    int32_t *met;   /* terms, each once */
    int64_t n_met;
    int64_t *key_sentence; /* the last sentence in which each key stem was met */
    int32_t *keys;         /* key stems of the present sentence */
    int64_t n_sentence_keys, sentence;
    int64_t previous; /* the last word's number, for bigrams */
    int64_t *entries; /* text, term, times */
    Py_ssize_t n_entries, entries_size;
} Counter;

/* --- Texts to numbers: needs no GIL ------------------------------------------------------------------------ */

static Letters letters_of(const Byte *word, Py_ssize_t length, Py_ssize_t room) {
    Letters letters = {{0}};
    if (room < LONGEST_WORD) {
        memcpy(&letters, word, (size_t)length);
        return letters;
    }
    memcpy(&letters, word, LONGEST_WORD);
    for (int i = 0; i < PARTS; i++) letters.part[i] &= first_letters[length].part[i];
    return letters;
}

static uint32_t first_slot_of(const Letters *letters) {
    const uint64_t *part = letters->part;
    uint64_t hash = (part[0] ^ seed) * MULTIPLIER ^ part[1] * 0xD6E8FEB86659FD93ull ^ part[2] * 0xCA5A826395121157ull;
    return (uint32_t)((hash ^ hash >> 29) * MULTIPLIER >> (64 - WORD_BITS));
}

/* The slot of a word, or the free one where it belongs. */
static Word *slot_of(const Counter *self, const Letters *letters, uint32_t first) {
    const uint64_t *part = letters->part;
    for (uint32_t at = first;; at = (at + 1) & (WORD_SLOTS - 1)) {
        Word *slot = &self->words[at];
        const uint64_t *its = slot->letters.part;
        if (!its[0] || (its[0] == part[0] && its[1] == part[1] && its[2] == part[2])) return slot;
    }
}

/* Adds a number, unless the word is ignored. */
static int add_number(Counter *self, int32_t number) {
    if (!RESERVE(numbers, self->n_numbers + 1)) return 0;
    self->numbers[self->n_numbers] = number;
    self->n_numbers += number != IGNORED;
    return 1;
}

static int add_missed(Counter *self, const Byte *word, Py_ssize_t length) {
    Py_ssize_t start = self->n_missed_letters;
    if (!RESERVE(missed, self->n_missed + 1) || !RESERVE(missed_letters, start + length)) return 0;
    self->missed[self->n_missed++] = (Missed){self->n_numbers, start, length};
    memcpy(self->missed_letters + start, word, (size_t)length);
    self->n_missed_letters += length;
    return add_number(self, MISSED);
}

/* Adds the number of the word that has waited longest. */
static int add_first_waiting(Counter *self) {
    const Waiting *word = &self->waiting[self->first_waiting++ % AHEAD];
    self->n_waiting--;
    if (!word->length) return add_number(self, END);
    const Word *slot = slot_of(self, &word->letters, word->slot);
    if (!slot->letters.part[0]) return add_missed(self, (const Byte *)&word->letters, word->length);
    return add_number(self, slot->number);
}

static int add_all_waiting(Counter *self) {
    while (self->n_waiting)
        if (!add_first_waiting(self)) return 0;
    return 1;
}

static int let_wait(Counter *self, Waiting word) {
    if (self->n_waiting == AHEAD && !add_first_waiting(self)) return 0;
    ASK_AHEAD(&self->words[word.slot]);
    self->waiting[(self->first_waiting + self->n_waiting++) % AHEAD] = word;
    return 1;
}

static int end_of_sentence(Counter *self) { return let_wait(self, (Waiting){{{0}}, 0, 0}); }

static uint64_t short_form_bit(uint64_t letters) { return (uint64_t)1 << (letters * MULTIPLIER >> 58); }

static int compare_short_forms(const void *one, const void *other) {
    const ShortForm *a = one, *b = other;
    if (a->letters != b->letters) return a->letters < b->letters ? -1 : 1;
    return (a->start > b->start) - (a->start < b->start);
}

/* The first definition of a short form, or NULL. */
static const ShortForm *short_form(const Counter *self, uint64_t letters) {
    if (!(self->short_form_bits & short_form_bit(letters))) return NULL;
    Py_ssize_t low = 0, high = self->n_short_forms;
    while (low < high) {
        Py_ssize_t middle = (low + high) / 2;
        if (self->short_forms[middle].letters < letters) low = middle + 1;
        else high = middle;
    }
    return low < self->n_short_forms && self->short_forms[low].letters == letters ? &self->short_forms[low] : NULL;
}

static int read_span(Counter *self, const Byte *text, Py_ssize_t start, Py_ssize_t end, int spell_out);

static int add_word(Counter *self, const Byte *text, const Byte *word, Py_ssize_t length, Py_ssize_t room,
                    int spell_out) {
    if (length > LONGEST_WORD) return add_all_waiting(self) && add_missed(self, word, length);
    Letters letters = letters_of(word, length, room);
    if (spell_out && length <= LONGEST_SHORT_FORM) {
        const ShortForm *its = short_form(self, letters.part[0]);
        if (its) return read_span(self, text, its->start, its->end, 0);
    }
    return let_wait(self, (Waiting){letters, first_slot_of(&letters), (int32_t)length});
}

/* Where the word that begins at i ends. */
static Py_ssize_t word_end(const Byte *text, Py_ssize_t i, Py_ssize_t end) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    /* Eight bytes at once; a sum of ASCII bytes sets a byte's upper bit from a certain one on, and carries nothing. */
    const uint64_t each = 0x0101010101010101ull, upper = each * 0x80;
    for (; i + 8 <= end; i += 8) {
        uint64_t bytes;
        memcpy(&bytes, text + i, sizeof bytes);
        uint64_t lowered = bytes | each * 0x20;
        uint64_t letters = (lowered + each * (0x80 - 'a')) & ~(lowered + each * (0x7F - 'z'));
        uint64_t digits = (bytes + each * (0x80 - '0')) & ~(bytes + each * (0x7F - '9'));
        uint64_t others = ~(letters | digits) & upper;
        if (others) return i + __builtin_ctzll(others) / 8;
    }
#endif
    while (i < end && is_word_byte[text[i]]) i++;
    return i;
}

/* Adds the words of a part of a text. */
static int read_span(Counter *self, const Byte *text, Py_ssize_t start, Py_ssize_t end, int spell_out) {
    for (Py_ssize_t i = start; i < end;) {
        Byte c = text[i];
        if (!is_word_byte[c]) {
            i++;
            int stop = (c == '.' || c == '?' || c == '!' || c == ';') && i < end && (text[i] == ' ' || text[i] == 1);
            if ((c == '\n' || stop) && !end_of_sentence(self)) return 0;
            continue;
        }
        Py_ssize_t first = i;
        i = word_end(text, i, end);
        if (i == end || text[i] != '\'') {
            if (!add_word(self, text, text + first, i - first, end - first, spell_out)) return 0;
            continue;
        }
        Py_ssize_t used = 0;
        for (i = first; i < end && (is_word_byte[text[i]] || text[i] == '\''); i++) {
            if (text[i] == '\'') continue;
            if (!RESERVE(token, used + 1)) return 0;
            self->token[used++] = text[i];
        }
        if (!add_word(self, text, self->token, used, used, spell_out)) return 0;
    }
    return 1;
}

/* The start of the long form that stands before `end`, or -1: otclass.text._long_form. */
static Py_ssize_t long_form_start(const Byte *text, Py_ssize_t *end, const Byte *name, int length) {
    Py_ssize_t begin = *end > LONGEST_LONG_FORM ? *end - LONGEST_LONG_FORM : 0, last = *end;
    for (Py_ssize_t i = last - 1; i >= begin; i--)
        if (text[i] == '(' || text[i] == '\n' || (text[i] == '.' && i + 1 < last && text[i + 1] == ' ')) {
            begin = i + 1;
            break;
        }
    while (last > begin && is_space(text[last - 1])) last--;
    Py_ssize_t at = last;
    for (int place = length - 1; place >= 0; place--)
        do {
            Byte letter = lower(name[place]);
            do at--;
            while (at >= begin && lower(text[at]) != letter);
            if (at < begin) return -1;
        } while (place == 0 && at > begin && is_word_byte[text[at - 1]]);
    int n_words = 0;
    for (Py_ssize_t i = at; i < last; i++) n_words += !is_space(text[i]) && (i == at || is_space(text[i - 1]));
    *end = last;
    return last - at > length + 1 && n_words <= length + MORE_WORDS ? at : -1;
}

static int find_short_forms(Counter *self, const Byte *text, Py_ssize_t size) {
    self->n_short_forms = 0;
    self->short_form_bits = 0;
    const Byte *open = text, *text_end = text + size;
    while ((open = memchr(open, '(', (size_t)(text_end - open)))) {
        const Byte *name = ++open, *close = name;
        while (close < text_end && is_word_byte[*close]) close++;
        Py_ssize_t length = close - name;
        if (length == LONGEST_SHORT_FORM + 1 && close[-1] == 's') length--;
        if (length < 2 || length > LONGEST_SHORT_FORM || close == text_end || !is_letter(*name)) continue;
        if (*close != ')' && *close != ';' && *close != ',') continue;
        int capitals = 0;
        for (Py_ssize_t i = 0; i < length; i++) capitals += name[i] >= 'A' && name[i] <= 'Z';
        if (capitals < 2) continue;
        Py_ssize_t end = name - 1 - text, start = long_form_start(text, &end, name, (int)length);
        if (start < 0) continue;
        if (!RESERVE(short_forms, self->n_short_forms + 1)) return 0;
        uint64_t letters = 0;
        memcpy(&letters, name, (size_t)length);
        self->short_forms[self->n_short_forms++] = (ShortForm){letters, start, end};
        self->short_form_bits |= short_form_bit(letters);
    }
    if (self->n_short_forms > 1)
        qsort(self->short_forms, (size_t)self->n_short_forms, sizeof(ShortForm), compare_short_forms);
    return 1;
}

/* --- Numbers to terms: needs no GIL ------------------------------------------------------------------------ */

/* Here an item is written first and counted if it is one: which ones are cannot be foreseen, and a processor loses
 * much time where it foresees wrongly. */

static void add_stem(Counter *self, const Stem *stem) {
    self->found[self->n_found] = stem->unigram;
    self->n_found += stem->unigram >= 0;
    self->keys[self->n_sentence_keys] = stem->key;
    self->n_sentence_keys += self->key_sentence[stem->key] != self->sentence;
    self->key_sentence[stem->key] = self->sentence;
}

static void begin_sentence(Counter *self) {
    self->previous = END;
    self->n_sentence_keys = 0;
    self->key_sentence[self->n_keys] = ++self->sentence; /* what is no key counts as met */
}

/* Adds the numbers of the keys that are in a table. */
static int find_all(Counter *self, const Table *table, const int64_t *keys, Py_ssize_t n) {
    if (!RESERVE(found, self->n_found + n)) return 0;
    for (Py_ssize_t i = 0; i < n && i < AHEAD; i++) table_ask_ahead(table, keys[i]);
    for (Py_ssize_t i = 0; i < n; i++) {
        if (i + AHEAD < n) table_ask_ahead(table, keys[i + AHEAD]);
        int64_t term = table_find(table, keys[i]);
        self->found[self->n_found] = (int32_t)term;
        self->n_found += term >= 0;
    }
    return 1;
}

/* Counts what has been found and asked for so far; a long text of key stems has more pairs than memory should hold. */
static int count_found(Counter *self) {
    if (!find_all(self, &self->bigrams, self->bigrams_asked, self->n_bigrams_asked) ||
        !find_all(self, &self->pairs, self->pairs_asked, self->n_pairs_asked))
        return 0;
    for (Py_ssize_t i = 0; i < self->n_found; i++) {
        if (i + AHEAD < self->n_found) ASK_AHEAD(&self->times[self->found[i + AHEAD]]);
        int32_t term = self->found[i];
        self->met[self->n_met] = term;
        self->n_met += self->times[term]++ == 0;
    }
    self->n_found = self->n_bigrams_asked = self->n_pairs_asked = 0;
    return 1;
}

static int end_sentence(Counter *self) {
    int64_t n = self->n_sentence_keys;
    if (!RESERVE(pairs_asked, self->n_pairs_asked + n * n / 2)) return 0;
    for (int64_t i = 1; i < n; i++)
        for (int64_t j = 0; j < i; j++) {
            int64_t a = self->keys[i], b = self->keys[j];
            int64_t key = a < b ? a * self->n_keys + b : b * self->n_keys + a;
            self->pairs_asked[self->n_pairs_asked] = key;
            self->n_pairs_asked += table_may_hold(&self->pairs, key);
        }
    begin_sentence(self);
    return self->n_pairs_asked < MANY || count_found(self);
}

/* Counts the terms of a text. */
static int count_numbers(Counter *self, const int32_t *numbers, Py_ssize_t n) {
    self->n_found = self->n_bigrams_asked = self->n_pairs_asked = 0;
    if (!RESERVE(found, n * (1 + self->most_classes)) || !RESERVE(bigrams_asked, n)) return 0;
    begin_sentence(self);
    for (Py_ssize_t i = 0; i < n; i++) {
        int32_t number = numbers[i];
        if (number == IGNORED) continue; /* a word that was met for the first time */
        if (number == END) {
            if (!end_sentence(self)) return 0;
            continue;
        }
        if (number >= 0) {
            const Stem *stem = &self->stems[number];
            add_stem(self, stem);
            for (int32_t k = 0; k < stem->n_classes; k++)
                add_stem(self, &self->stems[self->classes[stem->first_class + k]]);
            int64_t key = self->previous * self->n_stems + number;
            self->bigrams_asked[self->n_bigrams_asked] = key;
            self->n_bigrams_asked += self->previous >= 0 && table_may_hold(&self->bigrams, key);
        }
        self->previous = number;
    }
    return end_sentence(self) && count_found(self);
}

static void forget_counts(Counter *self) {
    for (int64_t i = 0; i < self->n_met; i++) self->times[self->met[i]] = 0;
    self->n_met = 0;
}

static int by_number(const void *one, const void *other) {
    int32_t a = *(const int32_t *)one, b = *(const int32_t *)other;
    return (a > b) - (a < b);
}

static int store_counts(Counter *self, int64_t text) {
    qsort(self->met, (size_t)self->n_met, sizeof *self->met, by_number);
    for (int64_t i = 0; i < self->n_met; i++) {
        if (!RESERVE(entries, (self->n_entries + 1) * 3)) return 0;
        int64_t *entry = self->entries + self->n_entries++ * 3;
        entry[0] = text;
        entry[1] = self->met[i];
        entry[2] = self->times[self->met[i]];
    }
    forget_counts(self);
    return 1;
}

/* A number of half precision, finite. */
static float half(uint16_t bits) {
    uint32_t magnitude = (uint32_t)(bits & 0x7FFF) << 13, sign = (uint32_t)(bits & 0x8000) << 16, made;
    float value;
    memcpy(&value, &magnitude, sizeof value);
    value *= 0x1p112f; /* from the one exponent's bias to the other's */
    memcpy(&made, &value, sizeof made);
    made |= sign;
    memcpy(&value, &made, sizeof value);
    return value;
}

/* Weights and adds up the counts. A term's row: idf as float32, a coefficient a label as float16. */
static void score_counts(Counter *self, const Byte *rows, const double *intercept, Py_ssize_t n_labels,
                         double *scores) {
    size_t row_size = sizeof(float) + (size_t)n_labels * sizeof(uint16_t);
    double squares = 0;
    for (Py_ssize_t j = 0; j < n_labels; j++) scores[j] = 0;
    for (int64_t k = 0; k < self->n_met; k++) {
        const Byte *row = rows + (size_t)self->met[k] * row_size;
        if (k + AHEAD < self->n_met) ASK_AHEAD(rows + (size_t)self->met[k + AHEAD] * row_size);
        int32_t times = self->times[self->met[k]];
        float idf;
        memcpy(&idf, row, sizeof idf);
        double weight = idf * (1.0 + (times < 64 ? log_of[times] : log(times)));
        squares += weight * weight;
        const uint16_t *coefficients = (const uint16_t *)(row + sizeof idf);
        for (Py_ssize_t j = 0; j < n_labels; j++) scores[j] += weight * half(coefficients[j]);
    }
    double scale = squares > 0 ? 1 / sqrt(squares) : 0;
    for (Py_ssize_t j = 0; j < n_labels; j++) scores[j] = scores[j] * scale + intercept[j];
    forget_counts(self);
}

/* --- The counter, for Python ------------------------------------------------------------------------------- */

/* Asks for the number of a word, and remembers it. */
static int ask_number(Counter *self, const Byte *word, Py_ssize_t length, int32_t *number) {
    Letters letters;
    if (length <= LONGEST_WORD) {
        letters = letters_of(word, length, length);
        const Word *slot = slot_of(self, &letters, first_slot_of(&letters));
        if (slot->letters.part[0]) {
            *number = slot->number;
            return 0;
        }
    }
    PyObject *answer = PyObject_CallFunction(self->number_of, "y#", (const char *)word, length);
    if (!answer) return -1;
    long long given = PyLong_AsLongLong(answer);
    Py_DECREF(answer);
    if (PyErr_Occurred()) return -1;
    if (given >= self->n_stems || given < UNKNOWN) {
        PyErr_Format(PyExc_ValueError, "number %lld is none of %lld stems", given, (long long)self->n_stems);
        return -1;
    }
    *number = (int32_t)given;
    if (length > LONGEST_WORD) return 0;
    if (self->n_words >= MAX_WORDS) {
        memset(self->words, 0, sizeof(Word) * WORD_SLOTS);
        self->n_words = 0;
    }
    *slot_of(self, &letters, first_slot_of(&letters)) = (Word){letters, *number};
    self->n_words++;
    return 0;
}

/* Turns folded texts into numbers: those of the words met before without the GIL, then those of the others.
 * If all is well (0) the GIL stays released, since to wait for it once more would cost threads much time. */
static int read_texts(Counter *self, PyObject *texts, Py_ssize_t n) {
    self->n_numbers = self->n_missed = self->n_missed_letters = 0;
    self->n_waiting = 0;
    if (!RESERVE(texts, n)) return failed_to_allocate();
    for (Py_ssize_t i = 0; i < n; i++) {
        char *letters;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(texts, i), &letters, &self->texts[i].size) < 0) return -1;
        self->texts[i].letters = (const Byte *)letters;
    }
    int enough = 1;
    self->thread = PyEval_SaveThread();
    for (Text *text = self->texts; text < self->texts + n && enough; text++) {
        enough = find_short_forms(self, text->letters, text->size) &&
                 read_span(self, text->letters, 0, text->size, self->n_short_forms > 0) && add_all_waiting(self);
        text->end = self->n_numbers;
    }
    if (enough && !self->n_missed) return 0;
    PyEval_RestoreThread(self->thread);
    if (!enough) return failed_to_allocate();
    for (Py_ssize_t i = 0; i < self->n_missed; i++) {
        const Missed *word = &self->missed[i];
        if (ask_number(self, self->missed_letters + word->start, word->length, &self->numbers[word->place]) < 0)
            return -1;
    }
    self->thread = PyEval_SaveThread();
    return 0;
}

#define RELEASE(name) (free(self->name), self->name = NULL, self->name##_size = 0)

/* Ends what begin began; what very long texts needed is given back. */
static void finish(Counter *self, PyObject *texts) {
    if (self->numbers_size > LARGE || self->missed_letters_size > LARGE || self->entries_size > LARGE) {
        RELEASE(numbers); RELEASE(missed); RELEASE(missed_letters); RELEASE(short_forms); RELEASE(token);
        RELEASE(bigrams_asked); RELEASE(found); RELEASE(entries);
    }
    self->busy = 0;
    Py_DECREF(texts);
}

/* Takes the counter and the texts as a tuple, or gives NULL. */
static PyObject *begin(Counter *self, PyObject *texts) {
    if (self->busy || !self->made) {
        PyErr_SetString(PyExc_RuntimeError, "a Counter serves one thread at a time, once it is made");
        return NULL;
    }
    PyObject *held = PyList_AsTuple(texts);
    self->busy = held != NULL;
    return held;
}

static PyObject *counter_count(Counter *self, PyObject *args) {
    PyObject *texts, *answer = NULL;
    if (!PyArg_ParseTuple(args, "O!:count", &PyList_Type, &texts) || !(texts = begin(self, texts))) return NULL;
    Py_ssize_t n = PyTuple_Size(texts);
    if (read_texts(self, texts, n) == 0) {
        int enough = 1;
        self->n_entries = 0;
        for (Py_ssize_t i = 0, first = 0; i < n && enough; first = self->texts[i++].end) {
            enough = count_numbers(self, self->numbers + first, self->texts[i].end - first) && store_counts(self, i);
        }
        forget_counts(self);
        PyEval_RestoreThread(self->thread);
        Py_ssize_t size = self->n_entries * 3 * (Py_ssize_t)sizeof(int64_t);
        if (!enough) PyErr_NoMemory();
        else answer = PyBytes_FromStringAndSize((char *)self->entries, size);
    }
    finish(self, texts);
    return answer;
}

static PyObject *counter_score(Counter *self, PyObject *args) {
    PyObject *texts, *answer = NULL;
    Py_buffer rows, intercept;
    if (!PyArg_ParseTuple(args, "O!y*y*:score", &PyList_Type, &texts, &rows, &intercept)) return NULL;
    Py_ssize_t n_labels = intercept.len / (Py_ssize_t)sizeof(double);
    if (rows.len != self->n_terms * (Py_ssize_t)(sizeof(float) + (size_t)n_labels * sizeof(uint16_t))) {
        PyErr_SetString(PyExc_ValueError, "rows must have an idf and a coefficient a label for every term");
        goto done;
    }
    if (!(texts = begin(self, texts))) goto done;
    Py_ssize_t n = PyTuple_Size(texts);
    answer = PyBytes_FromStringAndSize(NULL, n * n_labels * (Py_ssize_t)sizeof(double));
    double *scores = answer ? (double *)PyBytes_AsString(answer) : NULL;
    if (answer && read_texts(self, texts, n) < 0) Py_CLEAR(answer);
    if (answer) {
        int enough = 1;
        for (Py_ssize_t i = 0, first = 0; i < n && enough; first = self->texts[i++].end, scores += n_labels) {
            enough = count_numbers(self, self->numbers + first, self->texts[i].end - first);
            score_counts(self, rows.buf, intercept.buf, n_labels, scores);
        }
        PyEval_RestoreThread(self->thread);
        if (!enough) {
            PyErr_NoMemory();
            Py_CLEAR(answer);
        }
    }
    finish(self, texts);
done:
    PyBuffer_Release(&rows);
    PyBuffer_Release(&intercept);
    return answer;
}

/* An array of int64 from bytes, or NULL with an exception set. */
static const int64_t *numbers_in(PyObject *source, Py_ssize_t *n) {
    *n = PyBytes_Size(source) / (Py_ssize_t)sizeof(int64_t);
    return (const int64_t *)PyBytes_AsString(source);
}

static int fill_stems(Counter *self, PyObject *unigrams, PyObject *keys, PyObject *classes, int64_t n_unigrams) {
    Py_ssize_t n, n_keyed, n_class;
    const int64_t *unigram_of = numbers_in(unigrams, &n), *key_of = numbers_in(keys, &n_keyed),
                  *class_of = numbers_in(classes, &n_class);
    if (n < 3 || n_keyed != n || n_class % n) {
        PyErr_SetString(PyExc_ValueError, "tables differ in size");
        return -1;
    }
    self->n_stems = n - 3; /* the last three are the lexicon's negative numbers */
    self->stems = calloc((size_t)n, sizeof *self->stems);
    self->classes = malloc(((size_t)n_class + 1) * sizeof *self->classes);
    if (!self->stems || !self->classes) return failed_to_allocate();
    for (Py_ssize_t i = 0; i < self->n_stems; i++)
        if (key_of[i] >= self->n_keys) self->n_keys = key_of[i] + 1;
    self->most_classes = n_class / n;
    int32_t n_classes = 0;
    for (Py_ssize_t i = 0; i < self->n_stems; i++) {
        if (unigram_of[i] >= n_unigrams || key_of[i] >= self->n_stems) {
            PyErr_SetString(PyExc_ValueError, "no such term");
            return -1;
        }
        int32_t key = (int32_t)(key_of[i] < 0 ? self->n_keys : key_of[i]);
        self->stems[i] = (Stem){(int32_t)unigram_of[i], key, n_classes, 0};
        for (Py_ssize_t k = i; k < n_class; k += n) {
            if (class_of[k] >= self->n_stems) {
                PyErr_SetString(PyExc_ValueError, "no such stem");
                return -1;
            }
            if (class_of[k] < 0) continue;
            self->classes[n_classes++] = (int32_t)class_of[k];
            self->stems[i].n_classes++;
        }
    }
    return 0;
}

static int counter_init(Counter *self, PyObject *args, PyObject *Py_UNUSED(kwargs)) {
    PyObject *number_of, *unigram_of, *key_of, *class_of, *bigrams, *pairs;
    long long n_unigrams;
    if (self->number_of) {
        PyErr_SetString(PyExc_TypeError, "a Counter is made once");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "OSSSSSL:Counter", &number_of, &unigram_of, &key_of, &class_of, &bigrams, &pairs,
                          &n_unigrams))
        return -1;
    Py_INCREF(number_of);
    self->number_of = number_of;
    Py_ssize_t n_bigrams, n_pairs;
    const int64_t *bigram_keys = numbers_in(bigrams, &n_bigrams), *pair_keys = numbers_in(pairs, &n_pairs);
    self->n_terms = n_unigrams + n_bigrams + n_pairs;
    if (fill_stems(self, unigram_of, key_of, class_of, n_unigrams) < 0 ||
        table_fill(&self->bigrams, bigram_keys, n_bigrams, n_unigrams) < 0 ||
        table_fill(&self->pairs, pair_keys, n_pairs, n_unigrams + n_bigrams) < 0)
        return -1;
    self->words = calloc(WORD_SLOTS, sizeof(Word));
    self->times = calloc((size_t)self->n_terms + 1, sizeof(int32_t));
    self->met = malloc(((size_t)self->n_terms + 1) * sizeof(int32_t));
    self->key_sentence = calloc((size_t)self->n_keys + 1, sizeof(int64_t));
    self->keys = malloc(((size_t)self->n_keys + 1) * sizeof(int32_t));
    if (!self->words || !self->times || !self->met || !self->key_sentence || !self->keys) return failed_to_allocate();
    self->made = 1;
    return 0;
}

static void counter_dealloc(Counter *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    Py_XDECREF(self->number_of);
    void *const owned[] = {
        self->words, self->stems, self->classes, self->bigrams.slots, self->bigrams.filter, self->pairs.slots,
        self->pairs.filter, self->numbers, self->texts, self->missed, self->missed_letters, self->short_forms,
        self->token, self->bigrams_asked, self->pairs_asked, self->found, self->times, self->met,
        self->key_sentence, self->keys, self->entries,
    };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef counter_methods[] = {
    {"count", (PyCFunction)counter_count, METH_VARARGS,
     "count(folded_texts) -> int64 triples (text, term, times) as bytes, sorted"},
    {"score", (PyCFunction)counter_score, METH_VARARGS,
     "score(folded_texts, rows, intercept) -> float64 (n_texts, n_labels) as bytes"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot counter_slots[] = {
    {Py_tp_init, counter_init}, {Py_tp_dealloc, counter_dealloc}, {Py_tp_methods, counter_methods}, {0, NULL},
};

static PyType_Spec counter_spec = {
    "otclass._compiled.Counter", sizeof(Counter), 0, Py_TPFLAGS_DEFAULT, counter_slots,
};

static PyMethodDef module_methods[] = {
    {"first_look", first_look, METH_O,
     "first_look(texts) -> a byte a text: 1 if cleaning surely leaves it as it is, 0 if it must be looked at closely"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_compiled", NULL, -1, module_methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__compiled(void) {
    for (int c = 0; c < 256; c++) is_word_byte[c] = is_letter((Byte)c) || (c >= '0' && c <= '9');
    for (int k = 0; k < NOTICE_SIGNS; k++)
        for (int place = 0; place < 3; place++)
            for (int c = 0; c < 256; c++)
                /* The sign of two bytes has a third of any kind. */
                if (lower((Byte)c) == (Byte)notice_signs[k][place] || !notice_signs[k][place])
                    signs_with[place][c] |= (uint16_t)(1 << k);
    for (size_t n = 0; n <= LONGEST_WORD; n++) memset(&first_letters[n], 0xFF, n);
    for (int n = 1; n < 64; n++) log_of[n] = log(n);
    PyObject *name = PyUnicode_FromString("otclass._compiled");
    if (!name) return NULL;
    seed = (uint64_t)PyObject_Hash(name); /* Python's own seed is in it */
    Py_DECREF(name);
    PyObject *made = PyModule_Create(&module);
    PyObject *type = made ? PyType_FromSpec(&counter_spec) : NULL;
    if (!type || PyModule_AddObjectRef(made, "Counter", type) < 0) {
        Py_XDECREF(type);
        Py_XDECREF(made);
        return NULL;
    }
    Py_DECREF(type);
    return made;
}
