/* SPDX-License-Identifier: GPL-2.0-only */
/* vfsteer-host check */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "host/host_arguments.h"
#include "host/host_commands.h"
#include "host/host_findings.h"

static void write_text(const struct host_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		struct host_finding *finding = &findings->list[i];

		text_mask(finding->subject);
		text_mask(finding->text);
		printf("%c %s: %s\n", finding->is_fault ? '!' : ' ', finding->subject,
		       finding->text);
	}
}

static int write_json(const struct host_findings *findings)
{
	struct json_object *root = json_object_new_object(), *array, *object;
	int error = !root || json_add_string(root, "version", VFSTEER_VERSION) ||
		    json_add_array(root, "findings", &array);

	for (size_t i = 0; i < findings->count && !error; i++) {
		struct host_finding *finding = &findings->list[i];

		text_mask(finding->subject);
		text_mask(finding->text);
		object = json_object_new_object();
		error = json_append(array, object) ||
			json_add_string(object, "subject", finding->subject) ||
			json_add(object, "change", json_object_new_boolean(finding->is_fault)) ||
			json_add_string(object, "text", finding->text);
	}
	error = error || json_write(root, stdout);
	json_object_put(root);
	return error;
}

/* Reads the devices and writes what is found. Returns the exit status. */
static int check(const struct host_arguments *arguments, const struct host_config *config)
{
	struct host_findings findings = { 0 };
	struct host_links *links;
	int error = host_links_new(&links);

	if (error) {
		log_error("check: devices cannot be read: %s", strerror(-error));
		return EXIT_FAILURE;
	}
	host_findings_of_pfs(links, arguments->probe, &findings);
	host_findings_of_taps(links, config, &findings);
	error = findings.no_memory;
	if (!error && arguments->json)
		error = write_json(&findings);
	else if (!error)
		write_text(&findings);
	if (error)
		log_error("check: out of memory");
	host_findings_free(&findings);
	host_links_free(links);
	return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

int host_command_check(int argc, char **argv)
{
	static char message[PATH_MAX + 1024];
	struct host_arguments arguments;
	struct host_config *config;
	int status = host_arguments_parse(argc, argv,
					  HOST_OPTION_CONFIG | HOST_OPTION_JSON | HOST_OPTION_PROBE,
					  0, 0, &arguments);

	if (status)
		return status;
	config = host_config_read(arguments.config, message, sizeof(message));
	if (!config) {
		log_error("check: %s", message);
		return EXIT_FAILURE;
	}
	status = host_commands_finish(argv[0], check(&arguments, config));
	host_config_free(config);
	return status;
}
