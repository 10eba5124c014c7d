/* Counts a model's terms in folded texts, and scores them: what otclass.text.words, Lexicon, Terms.count and
 * otclass.scoring.score do, in one pass.
 *
 * Optional: where it could not be compiled the Python code does the same, and the tests hold both equal.
 * Built against the limited API, so that one wheel serves every Python from 3.11 on.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { IGNORED = -1, UNKNOWN = -2, END = -3 };
enum { LONGEST_WORD = 64, LONGEST_SHORT_FORM = 8, MAX_WORDS = 1 << 16, WORD_SLOTS = 1 << 17, ARENA = 1 << 20 };

/* --- A table from 64-bit keys to numbers ------------------------------------------------------------------ */

/* A slot holds key + 1 in its upper 40 bits and the number in the lower 24; 0 is a free slot. */
typedef struct {
    uint64_t *slots;
    uint64_t mask;
    int shift;
} Table;

enum { NUMBER_BITS = 24 };

static int table_fill(Table *table, const int64_t *keys, Py_ssize_t n, int64_t first) {
    int bits = 4;
    while (((uint64_t)1 << bits) < (uint64_t)n * 2) bits++;
    table->shift = 64 - bits;
    table->mask = ((uint64_t)1 << bits) - 1;
    if (!(table->slots = calloc((size_t)1 << bits, sizeof(uint64_t)))) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        uint64_t key = (uint64_t)keys[i] + 1;
        if (keys[i] < 0 || key >> (64 - NUMBER_BITS) || (first + i) >> NUMBER_BITS) {
            PyErr_SetString(PyExc_OverflowError, "too many stems or terms to be counted in C");
            return -1;
        }
        uint64_t slot = (key * 0x9E3779B97F4A7C15ull) >> table->shift;
        while (table->slots[slot]) slot = (slot + 1) & table->mask;
        table->slots[slot] = key << NUMBER_BITS | (uint64_t)(first + i);
    }
    return 0;
}

static int64_t table_find(const Table *table, int64_t sought) {
    uint64_t key = (uint64_t)sought + 1;
    uint64_t slot = (key * 0x9E3779B97F4A7C15ull) >> table->shift;
    for (uint64_t here; (here = table->slots[slot]); slot = (slot + 1) & table->mask)
        if (here >> NUMBER_BITS == key) return (int64_t)(here & (((uint64_t)1 << NUMBER_BITS) - 1));
    return -1;
}

/* --- The counter ------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t hash;
    uint32_t start;
    uint16_t length; /* 0: a free slot */
    int32_t number;
} Word;

typedef struct {
    PyObject_HEAD
    PyObject *number_of;  /* bytes -> number of the stem; asked once a word */
    Word *words;          /* words met before; forgotten when full */
    char *arena;          /* their letters */
    uint32_t arena_used, n_words;
    int64_t n_stems, n_keys, n_terms, n_classes;
    int64_t *unigram_of, *key_of, *class_of; /* by number of the stem; class_of: n_classes rows */
    Table bigrams, pairs;
    int32_t *times;       /* of each term in the present text */
    int32_t *met;         /* terms of the present text */
    int64_t n_met;
    int64_t *key_sentence; /* the last sentence in which each key stem was met */
    int32_t *keys;         /* key stems of the present sentence */
    int64_t n_sentence_keys, sentence;
    int64_t previous;      /* the last word's number, for bigrams */
    unsigned char *token;
    Py_ssize_t token_size;
    int64_t *entries;      /* text, term, times */
    Py_ssize_t n_entries, entries_size;
} Counter;


/* Sorts few numbers, as quicksort with insertion below 24. */
static void sort_numbers(int32_t *v, int64_t n) {
    while (n > 24) {
        int32_t a = v[0], b = v[n / 2], c = v[n - 1];
        int32_t pivot = a < b ? (b < c ? b : (a < c ? c : a)) : (a < c ? a : (b < c ? c : b));
        int64_t i = 0, j = n - 1;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i <= j) { int32_t t = v[i]; v[i] = v[j]; v[j] = t; i++; j--; }
        }
        if (j + 1 < n - i) { sort_numbers(v, j + 1); v += i; n -= i; }
        else { sort_numbers(v + i, n - i); n = j + 1; }
    }
    for (int64_t i = 1; i < n; i++) {
        int32_t x = v[i];
        int64_t j = i;
        for (; j > 0 && v[j - 1] > x; j--) v[j] = v[j - 1];
        v[j] = x;
    }
}

static void add_term(Counter *self, int64_t term) {
    if (term < 0) return;
    if (self->times[term]++ == 0) self->met[self->n_met++] = (int32_t)term;
}

static void add_key(Counter *self, int64_t key) {
    if (key < 0 || self->key_sentence[key] == self->sentence) return;
    self->key_sentence[key] = self->sentence;
    self->keys[self->n_sentence_keys++] = (int32_t)key;
}

static void end_sentence(Counter *self) {
    int64_t n = self->n_sentence_keys;
    if (n > 1) {
        sort_numbers(self->keys, n);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = i + 1; j < n; j++)
                add_term(self, table_find(&self->pairs, self->keys[i] * self->n_keys + self->keys[j]));
    }
    self->n_sentence_keys = 0;
    self->sentence++;
    self->previous = END;
}

static void add_number(Counter *self, int64_t number) {
    if (number == IGNORED) return;
    if (number >= 0) {
        add_term(self, self->unigram_of[number]);
        add_key(self, self->key_of[number]);
        for (int64_t i = 0; i < self->n_classes; i++) {
            int64_t its = self->class_of[i * (self->n_stems + 3) + number];
            if (its >= 0) {
                add_term(self, self->unigram_of[its]);
                add_key(self, self->key_of[its]);
            }
        }
        if (self->previous >= 0)
            add_term(self, table_find(&self->bigrams, self->previous * self->n_stems + number));
    }
    self->previous = number;
}

/* The number of a word: remembered, or asked for. Returns -1 with an exception set. */
static int word_number(Counter *self, const unsigned char *word, Py_ssize_t length, int64_t *number) {
    uint64_t hash = 1469598103934665603ull;
    Word *slot = NULL;
    if (length <= LONGEST_WORD) {
        for (Py_ssize_t i = 0; i < length; i++) hash = (hash ^ word[i]) * 1099511628211ull;
        uint64_t at = (hash * 0x9E3779B97F4A7C15ull) >> 47; /* 17 bits: WORD_SLOTS */
        for (;; at = (at + 1) & (WORD_SLOTS - 1)) {
            slot = &self->words[at];
            if (!slot->length) break;
            if (slot->hash == hash && slot->length == length &&
                !memcmp(self->arena + slot->start, word, (size_t)length)) {
                *number = slot->number;
                return 0;
            }
        }
    }
    PyObject *answer = PyObject_CallFunction(self->number_of, "y#", (const char *)word, length);
    if (!answer) return -1;
    *number = PyLong_AsLongLong(answer);
    Py_DECREF(answer);
    if (PyErr_Occurred()) return -1;
    if (*number >= self->n_stems || *number < END) {
        PyErr_Format(PyExc_ValueError, "number %lld is none of %lld stems", (long long)*number,
                     (long long)self->n_stems);
        return -1;
    }
    if (slot) {
        if (self->n_words >= MAX_WORDS || self->arena_used + length > ARENA) {
            memset(self->words, 0, sizeof(Word) * WORD_SLOTS);
            self->n_words = self->arena_used = 0;
            slot = &self->words[(hash * 0x9E3779B97F4A7C15ull) >> 47];
        }
        memcpy(self->arena + self->arena_used, word, (size_t)length);
        slot->hash = hash;
        slot->start = self->arena_used;
        slot->length = (uint16_t)length;
        slot->number = (int32_t)*number;
        self->arena_used += (uint32_t)length;
        self->n_words++;
    }
    return 0;
}

/* Counts a word; one that the text defines as an abbreviation counts as the words of its long form. */
static int add_word(Counter *self, const unsigned char *word, Py_ssize_t length, PyObject *long_forms) {
    int64_t number;
    int capitals = 0;
    if (long_forms && length <= LONGEST_SHORT_FORM)
        for (Py_ssize_t i = 0; i < length; i++) capitals += word[i] >= 'A' && word[i] <= 'Z';
    if (capitals > 1) {
        PyObject *name = PyBytes_FromStringAndSize((const char *)word, length);
        if (!name) return -1;
        PyObject *long_form = PyDict_GetItemWithError(long_forms, name);
        Py_DECREF(name);
        if (!long_form && PyErr_Occurred()) return -1;
        if (long_form) {
            Py_ssize_t n = PyList_Size(long_form);
            if (n < 0) return -1;
            for (Py_ssize_t i = 0; i < n; i++) {
                char *letters;
                Py_ssize_t size;
                if (PyBytes_AsStringAndSize(PyList_GetItem(long_form, i), &letters, &size) < 0) return -1;
                if (size == 1 && letters[0] == 1) { end_sentence(self); continue; }
                if (word_number(self, (unsigned char *)letters, size, &number) < 0) return -1;
                add_number(self, number);
            }
            return 0;
        }
    }
    if (word_number(self, word, length, &number) < 0) return -1;
    add_number(self, number);
    return 0;
}

static unsigned char is_word_byte[256]; /* filled when the module is made */

static int count_text(Counter *self, const unsigned char *text, Py_ssize_t length, PyObject *long_forms) {
    if (length > self->token_size) {
        unsigned char *token = realloc(self->token, (size_t)length);
        if (!token) { PyErr_NoMemory(); return -1; }
        self->token = token;
        self->token_size = length;
    }
    Py_ssize_t used = 0;
    for (Py_ssize_t i = 0; i <= length; i++) {
        unsigned char c = i < length ? text[i] : '\n';
        if (is_word_byte[c]) { self->token[used++] = c; continue; }
        if (c == '\'') continue;
        if (used) {
            if (add_word(self, self->token, used, long_forms) < 0) return -1;
            used = 0;
        }
        int stop = c == '.' || c == '?' || c == '!' || c == ';';
        if (c == '\n' || (stop && i + 1 < length && (text[i + 1] == ' ' || text[i + 1] == 1))) end_sentence(self);
    }
    return 0;
}

static int store_counts(Counter *self, int64_t text) {
    sort_numbers(self->met, self->n_met);
    if (self->n_entries + self->n_met > self->entries_size) {
        Py_ssize_t size = (self->n_entries + self->n_met) * 2 + 1024;
        int64_t *entries = realloc(self->entries, (size_t)size * 3 * sizeof(int64_t));
        if (!entries) { PyErr_NoMemory(); return -1; }
        self->entries = entries;
        self->entries_size = size;
    }
    for (int64_t i = 0; i < self->n_met; i++) {
        int64_t *entry = self->entries + self->n_entries++ * 3;
        entry[0] = text;
        entry[1] = self->met[i];
        entry[2] = self->times[self->met[i]];
        self->times[self->met[i]] = 0;
    }
    self->n_met = 0;
    return 0;
}

static void forget_text(Counter *self) {
    for (int64_t i = 0; i < self->n_met; i++) self->times[self->met[i]] = 0;
    self->n_met = self->n_sentence_keys = 0;
    self->sentence++;
    self->previous = END;
}

/* Counts text i of a list, with its abbreviations; on failure forgets it. */
static int count_one(Counter *self, PyObject *texts, PyObject *long_forms, Py_ssize_t i) {
    char *text;
    Py_ssize_t length;
    PyObject *its = PyList_GetItem(long_forms, i);
    if (its == Py_None) its = NULL;
    else if (its && !PyDict_Check(its)) {
        PyErr_SetString(PyExc_TypeError, "abbreviations must be dict or None");
        return -1;
    }
    if (PyErr_Occurred() || PyBytes_AsStringAndSize(PyList_GetItem(texts, i), &text, &length) < 0) return -1;
    if (count_text(self, (unsigned char *)text, length, its) < 0) {
        forget_text(self);
        return -1;
    }
    return 0;
}

static PyObject *counter_count(Counter *self, PyObject *args) {
    PyObject *texts, *long_forms;
    if (!PyArg_ParseTuple(args, "O!O!:count", &PyList_Type, &texts, &PyList_Type, &long_forms)) return NULL;
    Py_ssize_t n = PyList_Size(texts);
    self->n_entries = 0;
    for (Py_ssize_t i = 0; i < n; i++)
        if (count_one(self, texts, long_forms, i) < 0 || store_counts(self, i) < 0) return NULL;
    return PyBytes_FromStringAndSize((char *)self->entries, self->n_entries * 3 * (Py_ssize_t)sizeof(int64_t));
}

/* The formula of otclass.scoring.weigh and score. */
static PyObject *counter_score(Counter *self, PyObject *args) {
    PyObject *texts, *long_forms, *answer = NULL;
    Py_buffer idf, coef, intercept;
    if (!PyArg_ParseTuple(args, "O!O!y*y*y*:score", &PyList_Type, &texts, &PyList_Type, &long_forms, &idf, &coef,
                          &intercept))
        return NULL;
    Py_ssize_t n = PyList_Size(texts), n_labels = intercept.len / (Py_ssize_t)sizeof(double);
    if (idf.len != self->n_terms * (Py_ssize_t)sizeof(double) ||
        coef.len != self->n_terms * n_labels * (Py_ssize_t)sizeof(float)) {
        PyErr_SetString(PyExc_ValueError, "idf and coef must have an entry a term");
        goto done;
    }
    answer = PyBytes_FromStringAndSize(NULL, n * n_labels * (Py_ssize_t)sizeof(double));
    if (!answer) goto done;
    double *scores = (double *)PyBytes_AsString(answer);
    for (Py_ssize_t i = 0; i < n; i++, scores += n_labels) {
        if (count_one(self, texts, long_forms, i) < 0) {
            Py_CLEAR(answer);
            break;
        }
        double squares = 0;
        for (Py_ssize_t j = 0; j < n_labels; j++) scores[j] = 0;
        for (int64_t k = 0; k < self->n_met; k++) {
            int32_t term = self->met[k], times = self->times[term];
            double weight = ((const double *)idf.buf)[term] * (times == 1 ? 1.0 : 1.0 + log(times));
            const float *row = (const float *)coef.buf + term * n_labels;
            squares += weight * weight;
            for (Py_ssize_t j = 0; j < n_labels; j++) scores[j] += weight * row[j];
        }
        double scale = squares > 0 ? 1 / sqrt(squares) : 0;
        for (Py_ssize_t j = 0; j < n_labels; j++)
            scores[j] = scores[j] * scale + ((const double *)intercept.buf)[j];
        forget_text(self);
    }
done:
    PyBuffer_Release(&idf);
    PyBuffer_Release(&coef);
    PyBuffer_Release(&intercept);
    return answer;
}

static int64_t *copied(PyObject *source, Py_ssize_t *n) {
    char *content;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(source, &content, &size) < 0) return NULL;
    int64_t *copy = malloc((size_t)size + 8);
    if (!copy) { PyErr_NoMemory(); return NULL; }
    memcpy(copy, content, (size_t)size);
    *n = size / (Py_ssize_t)sizeof(int64_t);
    return copy;
}

static int counter_init(Counter *self, PyObject *args, PyObject *Py_UNUSED(kwargs)) {
    PyObject *number_of, *unigram_of, *key_of, *class_of, *bigrams, *pairs;
    long long n_unigrams;
    if (self->words) { PyErr_SetString(PyExc_TypeError, "a Counter is made once"); return -1; }
    if (!PyArg_ParseTuple(args, "OSSSSSL:Counter", &number_of, &unigram_of, &key_of, &class_of, &bigrams, &pairs,
                          &n_unigrams))
        return -1;
    Py_ssize_t n, n_keyed, n_class, n_bigrams, n_pairs;
    Py_INCREF(number_of);
    self->number_of = number_of;
    if (!(self->unigram_of = copied(unigram_of, &n)) || !(self->key_of = copied(key_of, &n_keyed)) ||
        !(self->class_of = copied(class_of, &n_class)))
        return -1;
    if (n < 3 || n_keyed != n || n_class % n) {
        PyErr_SetString(PyExc_ValueError, "tables differ in size");
        return -1;
    }
    self->n_stems = n - 3;
    self->n_classes = n_class / n;
    for (Py_ssize_t i = 0; i < n; i++)
        if (self->key_of[i] >= self->n_keys) self->n_keys = self->key_of[i] + 1;
    int64_t *keys = copied(bigrams, &n_bigrams);
    if (!keys || table_fill(&self->bigrams, keys, n_bigrams, n_unigrams) < 0) {
        free(keys);
        goto memory;
    }
    free(keys);
    keys = copied(pairs, &n_pairs);
    if (!keys || table_fill(&self->pairs, keys, n_pairs, n_unigrams + n_bigrams) < 0) {
        free(keys);
        goto memory;
    }
    free(keys);
    self->n_terms = n_unigrams + n_bigrams + n_pairs;
    for (Py_ssize_t i = 0; i < n; i++)
        if (self->unigram_of[i] >= n_unigrams) { PyErr_SetString(PyExc_ValueError, "no such term"); return -1; }
    for (Py_ssize_t i = 0; i < n_class; i++)
        if (self->class_of[i] >= self->n_stems) { PyErr_SetString(PyExc_ValueError, "no such stem"); return -1; }
    self->words = calloc(WORD_SLOTS, sizeof(Word));
    self->arena = malloc(ARENA);
    self->times = calloc((size_t)self->n_terms + 1, sizeof(int32_t));
    self->met = malloc(((size_t)self->n_terms + 1) * sizeof(int32_t));
    self->key_sentence = calloc((size_t)self->n_keys + 1, sizeof(int64_t));
    self->keys = malloc(((size_t)self->n_keys + 1) * sizeof(int32_t));
    if (!self->words || !self->arena || !self->times || !self->met || !self->key_sentence || !self->keys) goto memory;
    self->sentence = 1;
    self->previous = END;
    return 0;
memory:
    if (!PyErr_Occurred()) PyErr_NoMemory();
    return -1;
}

static void counter_dealloc(Counter *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    Py_XDECREF(self->number_of);
    free(self->words); free(self->arena); free(self->times); free(self->met); free(self->key_sentence);
    free(self->keys); free(self->token); free(self->entries); free(self->unigram_of); free(self->key_of);
    free(self->class_of); free(self->bigrams.slots); free(self->pairs.slots);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef counter_methods[] = {
    {"count", (PyCFunction)counter_count, METH_VARARGS,
     "count(texts, abbreviations) -> int64 triples (text, term, times) as bytes, sorted"},
    {"score", (PyCFunction)counter_score, METH_VARARGS,
     "score(texts, abbreviations, idf, coef, intercept) -> float64 (n_texts, n_labels) as bytes"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot counter_slots[] = {
    {Py_tp_init, counter_init}, {Py_tp_dealloc, counter_dealloc}, {Py_tp_methods, counter_methods}, {0, NULL},
};

static PyType_Spec counter_spec = {
    "otclass._counting.Counter", sizeof(Counter), 0, Py_TPFLAGS_DEFAULT, counter_slots,
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_counting", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__counting(void) {
    for (int c = 0; c < 128; c++)
        is_word_byte[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
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
