/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command, in the order of the help.
 */
#include "bin/runtime/runtime.h"

const struct verb *const verbs[] = {
	&create_verb, &run_verb, &start_verb, &exec_verb, &state_verb, &list_verb, &ps_verb, &kill_verb, &pause_verb, &resume_verb, &update_verb, &events_verb,
	&checkpoint_verb, &restore_verb,
	&delete_verb, &mounts_verb, &spec_verb, &features_verb, NULL,
};
