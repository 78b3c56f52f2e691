/* SoftHSM, but for its end: as long as a file "wrong" lies beside its settings, C_Finalize refuses and does nothing. */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef unsigned long (*function)(void *);

/* The list of PKCS#11 2.40: a version, then 68 functions, of which the second is C_Finalize. */
struct list {
    unsigned char version[2];
    function functions[68];
};

static struct list ours;
static function finalize;

static unsigned long wrong_end(void *reserved) {
    char file[4096];
    const char *settings = getenv("SOFTHSM2_CONF");
    snprintf(file, sizeof file, "%s.wrong", settings ? settings : "");
    /* CKR_GENERAL_ERROR */
    return access(file, F_OK) == 0 ? 5 : finalize(reserved);
}

unsigned long C_GetFunctionList(struct list **list) {
    void *module = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW);
    unsigned long (*theirs)(struct list **) = module ? dlsym(module, "C_GetFunctionList") : NULL;
    struct list *known = NULL;
    if (!theirs || theirs(&known) != 0)
        return 5;
    ours = *known;
    finalize = ours.functions[1];
    ours.functions[1] = wrong_end;
    *list = &ours;
    return 0;
}
