CREATE TABLE host_aggregates (
	name VARCHAR(255) NOT NULL, 
	host_names VARCHAR(2147483647) NOT NULL, 
	availability_zone VARCHAR(255), 
	nfvi_host_aggregate_data VARCHAR(2147483647) NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE host_groups (
	name VARCHAR(64) NOT NULL, 
	member_names VARCHAR(2147483647) NOT NULL, 
	policies VARCHAR(2147483647) NOT NULL, 
	nfvi_host_group_data VARCHAR(2147483647) NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE hosts_v5 (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	personality VARCHAR(64) NOT NULL, 
	state VARCHAR(64) NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	upgrade_inprogress BOOLEAN NOT NULL, 
	recover_instances BOOLEAN NOT NULL, 
	uptime VARCHAR(64) NOT NULL, 
	elapsed_time_in_state VARCHAR(64) NOT NULL, 
	host_services_locked BOOLEAN NOT NULL, 
	nfvi_host_data VARCHAR(2048) NOT NULL, 
	PRIMARY KEY (uuid), 
	CHECK (upgrade_inprogress IN (0, 1)), 
	CHECK (recover_instances IN (0, 1)), 
	CHECK (host_services_locked IN (0, 1))
);
CREATE TABLE hosts_v6 (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	personality VARCHAR(64) NOT NULL, 
	state VARCHAR(64) NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	upgrade_inprogress BOOLEAN NOT NULL, 
	recover_instances BOOLEAN NOT NULL, 
	uptime VARCHAR(64) NOT NULL, 
	elapsed_time_in_state VARCHAR(64) NOT NULL, 
	host_services_locked BOOLEAN NOT NULL, 
	nfvi_host_data VARCHAR(2048) NOT NULL, 
	PRIMARY KEY (uuid), 
	CHECK (upgrade_inprogress IN (0, 1)), 
	CHECK (recover_instances IN (0, 1)), 
	CHECK (host_services_locked IN (0, 1))
);
CREATE TABLE hypervisors (
	uuid VARCHAR(64) NOT NULL, 
	admin_state VARCHAR(64) NOT NULL, 
	oper_state VARCHAR(64) NOT NULL, 
	host_name VARCHAR(64) NOT NULL, 
	stats_available BOOLEAN NOT NULL, 
	vcpus_used INTEGER NOT NULL, 
	vcpus_max INTEGER NOT NULL, 
	mem_used_mb INTEGER NOT NULL, 
	mem_free_mb INTEGER NOT NULL, 
	mem_max_mb INTEGER NOT NULL, 
	disk_used_gb INTEGER NOT NULL, 
	disk_max_gb INTEGER NOT NULL, 
	running_instances INTEGER NOT NULL, 
	nfvi_hypervisor_data VARCHAR(2048) NOT NULL, 
	PRIMARY KEY (uuid), 
	CHECK (stats_available IN (0, 1))
);
CREATE TABLE images (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	description VARCHAR(256) NOT NULL, 
	avail_status VARCHAR(64) NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	container_format VARCHAR(64), 
	disk_format VARCHAR(64), 
	min_disk_size_gb INTEGER NOT NULL, 
	min_memory_size_mb INTEGER NOT NULL, 
	visibility VARCHAR(64) NOT NULL, 
	protected VARCHAR(64) NOT NULL, 
	properties VARCHAR(2048) NOT NULL, 
	nfvi_image_data VARCHAR(2048) NOT NULL, 
	PRIMARY KEY (uuid)
);
CREATE TABLE instance_groups (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	member_uuids VARCHAR(2147483647) NOT NULL, 
	policies VARCHAR(2147483647) NOT NULL, 
	nfvi_instance_group_data VARCHAR(2147483647) NOT NULL, 
	PRIMARY KEY (uuid)
);
CREATE TABLE instance_types_v4 (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	have_details BOOLEAN NOT NULL, 
	vcpus INTEGER NOT NULL, 
	mem_mb INTEGER NOT NULL, 
	disk_gb INTEGER NOT NULL, 
	ephemeral_gb INTEGER NOT NULL, 
	swap_gb INTEGER NOT NULL, 
	guest_services VARCHAR(2048) NOT NULL, 
	auto_recovery BOOLEAN, 
	live_migration_timeout INTEGER, 
	live_migration_max_downtime INTEGER, 
	storage_type VARCHAR(128), 
	PRIMARY KEY (uuid), 
	CHECK (have_details IN (0, 1)), 
	CHECK (auto_recovery IN (0, 1))
);
CREATE TABLE instance_types_v5 (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	have_details BOOLEAN NOT NULL, 
	vcpus INTEGER NOT NULL, 
	mem_mb INTEGER NOT NULL, 
	disk_gb INTEGER NOT NULL, 
	ephemeral_gb INTEGER NOT NULL, 
	swap_gb INTEGER NOT NULL, 
	guest_services VARCHAR(2048) NOT NULL, 
	auto_recovery BOOLEAN, 
	live_migration_timeout INTEGER, 
	live_migration_max_downtime INTEGER, 
	PRIMARY KEY (uuid), 
	CHECK (have_details IN (0, 1)), 
	CHECK (auto_recovery IN (0, 1))
);
CREATE TABLE instances_v4 (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	admin_state VARCHAR(64) NOT NULL, 
	oper_state VARCHAR(64) NOT NULL, 
	avail_status VARCHAR(64) NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	host_name VARCHAR(64), 
	instance_type_uuid VARCHAR(64) NOT NULL, 
	image_uuid VARCHAR(64), 
	live_migration_support BOOLEAN NOT NULL, 
	elapsed_time_in_state VARCHAR(64) NOT NULL, 
	elapsed_time_on_host VARCHAR(64) NOT NULL, 
	action_data VARCHAR(2048), 
	last_action_data VARCHAR(2048), 
	guest_services VARCHAR(2048), 
	nfvi_instance_data VARCHAR(2048) NOT NULL, 
	recoverable BOOLEAN NOT NULL, 
	unlock_to_recover BOOLEAN NOT NULL, 
	PRIMARY KEY (uuid), 
	CHECK (live_migration_support IN (0, 1)), 
	CHECK (recoverable IN (0, 1)), 
	CHECK (unlock_to_recover IN (0, 1))
);
CREATE TABLE instances_v5 (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	admin_state VARCHAR(64) NOT NULL, 
	oper_state VARCHAR(64) NOT NULL, 
	avail_status VARCHAR(64) NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	host_name VARCHAR(64), 
	image_uuid VARCHAR(64), 
	live_migration_support BOOLEAN NOT NULL, 
	elapsed_time_in_state VARCHAR(64) NOT NULL, 
	elapsed_time_on_host VARCHAR(64) NOT NULL, 
	action_data VARCHAR(2048), 
	last_action_data VARCHAR(2048), 
	guest_services VARCHAR(2048), 
	nfvi_instance_data TEXT NOT NULL, 
	recoverable BOOLEAN NOT NULL, 
	unlock_to_recover BOOLEAN NOT NULL, 
	PRIMARY KEY (uuid), 
	CHECK (live_migration_support IN (0, 1)), 
	CHECK (recoverable IN (0, 1)), 
	CHECK (unlock_to_recover IN (0, 1))
);
CREATE TABLE networks (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	admin_state VARCHAR(64) NOT NULL, 
	oper_state VARCHAR(64) NOT NULL, 
	avail_status VARCHAR(64) NOT NULL, 
	is_shared BOOLEAN NOT NULL, 
	mtu INTEGER NOT NULL, 
	physical_network VARCHAR(64), 
	network_type VARCHAR(64) NOT NULL, 
	segmentation_id VARCHAR(64), 
	PRIMARY KEY (uuid), 
	CHECK (is_shared IN (0, 1))
);
CREATE TABLE service_hosts (
	name VARCHAR(64) NOT NULL, 
	service VARCHAR(64) NOT NULL, 
	zone VARCHAR(64) NOT NULL, 
	PRIMARY KEY (name, service, zone)
);
CREATE TABLE subnets (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	ip_version VARCHAR(64) NOT NULL, 
	subnet_ip VARCHAR(64) NOT NULL, 
	subnet_prefix INTEGER NOT NULL, 
	gateway_ip VARCHAR(64), 
	network_uuid VARCHAR(64) NOT NULL, 
	is_dhcp_enabled BOOLEAN NOT NULL, 
	PRIMARY KEY (uuid), 
	CHECK (is_dhcp_enabled IN (0, 1))
);
CREATE TABLE sw_updates (
	uuid VARCHAR(64) NOT NULL, 
	sw_update_type VARCHAR(64) NOT NULL, 
	strategy_data VARCHAR(2147483647) NOT NULL, 
	PRIMARY KEY (uuid)
);
CREATE TABLE systems (
	name VARCHAR(64) NOT NULL, 
	description VARCHAR(255) NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE tenants (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	description VARCHAR(64), 
	enabled VARCHAR(64) NOT NULL, 
	PRIMARY KEY (uuid)
);
CREATE TABLE volume_snapshots (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	description VARCHAR(256) NOT NULL, 
	size_gb INTEGER NOT NULL, 
	volume_uuid VARCHAR(64) NOT NULL, 
	nfvi_volume_snapshot_data VARCHAR(2048) NOT NULL, 
	PRIMARY KEY (uuid)
);
CREATE TABLE volumes_v1 (
	uuid VARCHAR(64) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	description VARCHAR(256) NOT NULL, 
	avail_status VARCHAR(64) NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	size_gb INTEGER NOT NULL, 
	bootable VARCHAR(64) NOT NULL, 
	encrypted VARCHAR(64) NOT NULL, 
	image_uuid VARCHAR(64), 
	nfvi_volume_data VARCHAR(2048) NOT NULL, 
	PRIMARY KEY (uuid)
);
