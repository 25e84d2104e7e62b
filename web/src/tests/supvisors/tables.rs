//! Calls and what comes of them.

pub(super) const STATUS: &str = r#"
get_api_version [] | '0.19.1'
get_api_version ["x"] | 2 INCORRECT_PARAMETERS
get_supvisors_state [] | {'identifier': 'n1:9001', 'nick_identifier': 'sv1', 'now_monotonic': F, 'fsm_statecode': 4, 'fsm_statename': 'OPERATION', 'degraded_mode': False, 'discovery_mode': False, 'master_identifier': 'n1:9001', 'starting_jobs': [], 'stopping_jobs': [], 'instance_states': {'n1:9001': 'RUNNING', 'n2:9001': 'STOPPED'}}
get_master_identifier [] | {'identifier': 'n1:9001', 'nick_identifier': 'sv1'}
get_core_identifiers [] | [{'identifier': 'n2:9001', 'nick_identifier': 'sv2'}]
get_strategies [] | {'auto-fencing': False, 'starting': 'CONFIG', 'conciliation': 'USER', 'supvisors_failure': 'CONTINUE'}
get_statistics_status [] | {'host_stats': True, 'process_stats': True, 'collecting_period': 5}
get_instance_state_modes ["sv2"] | [{'identifier': 'n2:9001', 'nick_identifier': 'sv2', 'now_monotonic': F, 'fsm_statecode': 0, 'fsm_statename': 'OFF', 'degraded_mode': False, 'discovery_mode': False, 'master_identifier': '', 'starting_jobs': False, 'stopping_jobs': False, 'instance_states': {}}]
get_instance_state_modes ["sv1"] | [{'identifier': 'n1:9001', 'nick_identifier': 'sv1', 'now_monotonic': F, 'fsm_statecode': 4, 'fsm_statename': 'OPERATION', 'degraded_mode': False, 'discovery_mode': False, 'master_identifier': 'n1:9001', 'starting_jobs': False, 'stopping_jobs': False, 'instance_states': {'n1:9001': 'RUNNING', 'n2:9001': 'STOPPED'}}]
get_network_info ["both"] | [{'identifier': 'n1:9001', 'nick_identifier': 'sv1', 'host_id': 'n1', 'http_port': 9001, 'stereotypes': ['both']}, {'identifier': 'n2:9001', 'nick_identifier': 'sv2', 'host_id': 'n2', 'http_port': 9001, 'stereotypes': ['both']}]
get_network_info ["n1"] | 10 BAD_NAME: identifier=n1 is unknown to Supvisors
get_instance_info ["n2:9001"] | [{'identifier': 'n2:9001', 'nick_identifier': 'sv2', 'node_name': 'n2', 'port': 9001, 'statecode': 0, 'statename': 'STOPPED', 'loading': 0, 'process_failure': False, 'remote_sequence_counter': 0, 'remote_time': 0, 'remote_mtime': 0.0, 'local_sequence_counter': 0, 'local_time': 0, 'local_mtime': 0.0}]
get_instance_info [""] | 10 BAD_NAME: identifier= is unknown to Supvisors
get_instance_info [9] | 10 BAD_NAME: identifier=9 is unknown to Supvisors
get_application_info ["y"] | {'application_name': 'y', 'managed': True, 'now_monotonic': F, 'statecode': 0, 'statename': 'STOPPED', 'major_failure': False, 'minor_failure': False}
get_application_info ["nope"] | 10 BAD_NAME: application=nope unknown to Supvisors
get_application_info [12] | 10 BAD_NAME: application=12 unknown to Supvisors
get_application_rules ["x"] | {'managed': False, 'application_name': 'x'}
get_application_rules ["y"] | {'managed': True, 'distribution': 'ALL_INSTANCES', 'identifiers': ['*'], 'start_sequence': 0, 'stop_sequence': 0, 'starting_strategy': 'CONFIG', 'starting_failure_strategy': 'ABORT', 'running_failure_strategy': 'CONTINUE', 'status_formula': '', 'application_name': 'y'}
get_process_info ["g:a"] | [{'application_name': 'g', 'process_name': 'a', 'now_monotonic': F, 'statecode': 20, 'statename': 'RUNNING', 'expected_exit': True, 'last_event_mtime': F, 'identifiers': ['n1:9001'], 'extra_args': ''}]
get_process_info ["g:nope"] | 10 BAD_NAME: process=nope unknown in application=g
get_process_info [""] | 10 BAD_NAME: application= unknown to Supvisors
get_process_info [12] | 2 INCORRECT_PARAMETERS
get_process_rules ["y"] | [{'identifiers': ['*'], 'start_sequence': 1, 'stop_sequence': 1, 'required': False, 'wait_exit': False, 'expected_loading': 5, 'starting_failure_strategy': 'ABORT', 'running_failure_strategy': 'CONTINUE', 'application_name': 'y', 'process_name': 'y'}]
get_conflicts [] | []
get_local_process_info ["y"] | {'name': 'y', 'group': 'y', 'state': 0, 'statename': 'STOPPED', 'start': 0, 'stop': 0, 'now': T, 'pid': 0, 'description': 'Not started', 'spawnerr': '', 'expected': True, 'start_monotonic': 0.0, 'stop_monotonic': 0.0, 'now_monotonic': F, 'extra_args': '', 'startsecs': 0, 'stopwaitsecs': 0, 'process_index': 0, 'program_name': 'y', 'disabled': False, 'has_stdout': False, 'has_stderr': False}
get_local_process_info ["g:*"] | 10 BAD_NAME: g:*
get_local_process_info ["a"] | 10 BAD_NAME: a
get_inner_process_info ["sv1", "y"] | [{'name': 'y', 'group': 'y', 'state': 0, 'statename': 'STOPPED', 'start': 0, 'stop': 0, 'now': T, 'pid': 0, 'description': 'Not started', 'spawnerr': '', 'expected': True, 'start_monotonic': 0.0, 'stop_monotonic': 0.0, 'now_monotonic': F, 'extra_args': '', 'startsecs': 0, 'stopwaitsecs': 0, 'process_index': 0, 'program_name': 'y', 'disabled': False, 'has_stdout': False, 'has_stderr': False, 'local_mtime': F, 'event_time': F, 'uptime': 0, 'has_crashed': False}]
get_inner_process_info ["sv2", "y"] | 30 FAILED: y unknown on sv2
get_inner_process_info ["sv2", "g:*"] | []
get_inner_process_info ["sv9", "nope"] | 10 BAD_NAME: identifier=sv9 is unknown to Supvisors
get_inner_process_info ["sv1", "nope"] | 10 BAD_NAME: application=nope unknown to Supvisors
get_all_inner_process_info ["sv2"] | []
get_nothing [] | 1 UNKNOWN_METHOD
get_logger_levels [] | 1 UNKNOWN_METHOD
"#;

/// Answered without a request to the Supervisor.
pub(super) const REFUSED: &str = r#"
start_application ["FOO", "nope"] | 2 INCORRECT_PARAMETERS: invalid <enum 'StartingStrategies'> value=FOO - string expected in ['CONFIG', 'LESS_LOADED', 'MOST_LOADED', 'LOCAL', 'LESS_LOADED_NODE', 'MOST_LOADED_NODE']
start_application ["config", "nope"] | 2 INCORRECT_PARAMETERS: invalid <enum 'StartingStrategies'> value=config - string expected in ['CONFIG', 'LESS_LOADED', 'MOST_LOADED', 'LOCAL', 'LESS_LOADED_NODE', 'MOST_LOADED_NODE']
test_start_process [12, "nope"] | 2 INCORRECT_PARAMETERS: invalid <enum 'StartingStrategies'> value=12 - integer expected in [0, 1, 2, 3, 4, 5]
restart_process [1.5, "nope"] | 2 INCORRECT_PARAMETERS: invalid <enum 'StartingStrategies'> value=1.5 type=<class 'float'> - type string or integer expected
start_any_process [true, "nope"] | 2 INCORRECT_PARAMETERS: invalid <enum 'StartingStrategies'> value=True type=<class 'bool'> - type string or integer expected
start_application [5, "nope"] | 10 BAD_NAME: application=nope unknown to Supvisors
start_application ["CONFIG", "x"] | 102 NOT_MANAGED: x
start_application ["CONFIG", "g"] | 60 ALREADY_STARTED: g
start_application ["CONFIG"] | 2 INCORRECT_PARAMETERS
test_start_application ["CONFIG", "g:a"] | 10 BAD_NAME: application=g:a unknown to Supvisors
restart_application ["CONFIG", "x"] | 102 NOT_MANAGED: x
stop_application ["y"] | 70 NOT_RUNNING: failed to stop y
start_process ["CONFIG", "x"] | 60 ALREADY_STARTED: x
start_process ["CONFIG", "g:nope"] | 10 BAD_NAME: process=nope unknown in application=g
start_process ["CONFIG", "g:*"] | 60 ALREADY_STARTED: g:a
stop_process ["y"] | 70 NOT_RUNNING: y already stopped
start_any_process ["CONFIG", "^nope$"] | 30 FAILED: no candidate process matching "^nope$"
conciliate ["FOO"] | 101 BAD_SUPVISORS_STATE: invalid Supvisors state=OPERATION - state expected in ['CONCILIATION']
end_sync [] | 101 BAD_SUPVISORS_STATE: invalid Supvisors state=OPERATION - state expected in ['SYNCHRONIZATION']
restart_sequence [] | 40 ABNORMAL_TERMINATION: failed to trigger start sequence
start_args ["nope", ""] | 10 BAD_NAME: application=nope unknown to Supvisors
start_args ["g:*", ""] | 10 BAD_NAME: namespec=g:* unknown to Supervisor
update_numprocs ["y", 0] | 2 INCORRECT_PARAMETERS: program=y incorrect numprocs=0 - integer > 0 expected
update_numprocs ["y", "x"] | 2 INCORRECT_PARAMETERS: program=y incorrect numprocs=x - integer > 0 expected
update_numprocs ["nope", -1] | 10 BAD_NAME: program=nope unknown to Supvisors
change_log_level ["verbose"] | 2 INCORRECT_PARAMETERS: invalid logger value=verbose - string expected in ['critical', 'error', 'warn', 'info', 'debug', 'trace', 'blather']
change_log_level [7] | 2 INCORRECT_PARAMETERS: invalid logger value=7 - integer expected in [50, 40, 30, 20, 10, 5, 3]
change_log_level [1.5] | 2 INCORRECT_PARAMETERS: invalid logger value=1.5 type=<class 'float'> - type string or integer expected
update_collecting_period [0] | 2 INCORRECT_PARAMETERS: collecting_period=0 - number > 0 expected
test_start_process [0, "y"] | [{'application_name': 'y', 'process_name': 'y', 'state': 'RUNNING', 'forced_reason': '', 'running_identifiers': ['n1:9001']}]
test_start_application ["LOCAL", "y"] | [{'application_name': 'y', 'process_name': 'y', 'state': 'RUNNING', 'forced_reason': '', 'running_identifiers': ['n1:9001']}]
"#;

pub(super) const REACH_THE_SUPERVISOR: &str = r#"
start_args ["g:a", "-v"] | StartWithArgs { name: <g:a>, extra_args: "-v", wait: true } | True
start_args ["x", "", false] | StartWithArgs { name: <x>, extra_args: "", wait: false } | True
enable ["y"] | EnableProgram { program: "y" } | True
disable ["y"] | DisableProgram { program: "y", wait: true } | True
disable ["y", false] | DisableProgram { program: "y", wait: false } | True
update_numprocs ["y", 2] | UpdateNumprocs { program: "y", numprocs: 2, lazy: false, wait: true } | True
update_numprocs ["y", "3", false, true] | UpdateNumprocs { program: "y", numprocs: 3, lazy: true, wait: false } | True
stop_process ["x", false] | StopProcess { name: <x>, wait: false } | True
start_any_process ["CONFIG", "^b$|:b$", "-z", false] | StartWithArgs { name: <g:b>, extra_args: "-z", wait: false } | 'g:b'
"#;

/// Refused before the instance begins, with the states that they need.
pub(super) const OFF: &str = r#"
restart [] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
shutdown [] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_all_applications_info [] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_application_info ["nope"] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_application_rules ["nope"] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_all_process_info [] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_process_info [1] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_process_rules ["nope"] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
get_conflicts [] | ['DISTRIBUTION', 'OPERATION', 'CONCILIATION', 'RESTARTING', 'SHUTTING_DOWN']
start_application ["FOO", "nope"] | ['OPERATION']
test_start_application [9, "nope"] | ['OPERATION']
restart_application ["CONFIG", "nope"] | ['OPERATION']
start_process ["CONFIG", 5] | ['OPERATION']
test_start_process ["CONFIG", "nope"] | ['OPERATION']
start_any_process ["CONFIG", "nope"] | ['OPERATION']
restart_process ["CONFIG", "nope"] | ['OPERATION']
restart_sequence [] | ['OPERATION']
update_numprocs ["nope", 0] | ['OPERATION']
enable ["nope"] | ['OPERATION']
disable ["nope"] | ['OPERATION']
stop_application ["nope"] | ['OPERATION', 'CONCILIATION']
stop_process ["nope"] | ['OPERATION', 'CONCILIATION']
conciliate ["FOO"] | ['CONCILIATION']
end_sync ["nope"] | ['SYNCHRONIZATION']
"#;

/// The types of each method, `-` where there are none.
pub(super) const SIGNATURES: &str = r#"
change_log_level bool;Union[str, int]
conciliate bool;ConciliationStrategies
disable bool;str;bool
enable bool;str;bool
enable_host_statistics bool;bool
enable_process_statistics bool;bool
end_sync bool
get_all_applications_info list[dict[str, Any]]
get_all_inner_process_info list[dict[str, Any]];str
get_all_instances_info list[dict[str, Any]]
get_all_instances_state_modes -
get_all_local_process_info list[dict[str, Any]]
get_all_process_info list[dict[str, Any]]
get_api_version str
get_application_info dict[str, Any];str
get_application_rules dict[str, Any];str
get_conflicts list[dict[str, Any]]
get_core_identifiers -
get_inner_process_info list[dict[str, Any]];str;str
get_instance_info -
get_instance_state_modes -
get_local_process_info dict[str, Any];str
get_master_identifier -
get_network_info -
get_process_info list[dict[str, Any]];str
get_process_rules list[dict[str, Any]];str
get_statistics_status dict[str, Any]
get_strategies -
get_supvisors_state dict[str, Any]
restart bool
restart_application bool;StartingStrategies;str;bool
restart_process bool;StartingStrategies;str;str;bool
restart_sequence bool;bool
shutdown bool
start_any_process str;StartingStrategies;str;str;bool
start_application bool;StartingStrategies;str;bool
start_args bool;str;str;bool
start_process bool;StartingStrategies;str;str;bool
stop_application bool;str;bool
stop_process bool;str;bool
test_start_application list[dict[str, Any]];StartingStrategies;str
test_start_process -
update_collecting_period bool;float
update_numprocs bool;str;int;bool;bool
"#;
