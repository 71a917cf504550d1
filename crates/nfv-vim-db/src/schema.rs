//! The schema for diesel's typed statements: the nineteen tables of the original and our side table.
//!
//! The facts that SQLite itself is given (lengths, checks, defaults of the dump) are in [`crate::table`]; a test
//! holds the two and the row structs together.
//!
//! Contract: deployment 1.3.
#![allow(missing_docs)] // generated items; the columns are described in the contract and in `crate::row`

diesel::table! {
    images (uuid) {
        uuid -> Text,
        name -> Text,
        description -> Text,
        avail_status -> Text,
        action -> Text,
        container_format -> Nullable<Text>,
        disk_format -> Nullable<Text>,
        min_disk_size_gb -> BigInt,
        min_memory_size_mb -> BigInt,
        visibility -> Text,
        protected -> Text,
        properties -> Text,
        nfvi_image_data -> Text,
    }
}

diesel::table! {
    volumes_v1 (uuid) {
        uuid -> Text,
        name -> Text,
        description -> Text,
        avail_status -> Text,
        action -> Text,
        size_gb -> BigInt,
        bootable -> Text,
        encrypted -> Text,
        image_uuid -> Nullable<Text>,
        nfvi_volume_data -> Text,
    }
}

diesel::table! {
    volume_snapshots (uuid) {
        uuid -> Text,
        name -> Text,
        description -> Text,
        size_gb -> BigInt,
        volume_uuid -> Text,
        nfvi_volume_snapshot_data -> Text,
    }
}

diesel::table! {
    tenants (uuid) {
        uuid -> Text,
        name -> Text,
        description -> Nullable<Text>,
        enabled -> Text,
    }
}

diesel::table! {
    subnets (uuid) {
        uuid -> Text,
        name -> Text,
        ip_version -> Text,
        subnet_ip -> Text,
        subnet_prefix -> BigInt,
        gateway_ip -> Nullable<Text>,
        network_uuid -> Text,
        is_dhcp_enabled -> Bool,
    }
}

diesel::table! {
    networks (uuid) {
        uuid -> Text,
        name -> Text,
        admin_state -> Text,
        oper_state -> Text,
        avail_status -> Text,
        is_shared -> Bool,
        mtu -> BigInt,
        physical_network -> Nullable<Text>,
        network_type -> Text,
        segmentation_id -> Nullable<Text>,
    }
}

diesel::table! {
    systems (name) {
        name -> Text,
        description -> Text,
    }
}

diesel::table! {
    hosts_v6 (uuid) {
        uuid -> Text,
        name -> Text,
        personality -> Text,
        state -> Text,
        action -> Text,
        upgrade_inprogress -> Bool,
        recover_instances -> Bool,
        uptime -> Text,
        elapsed_time_in_state -> Text,
        host_services_locked -> Bool,
        nfvi_host_data -> Text,
    }
}

diesel::table! {
    host_groups (name) {
        name -> Text,
        member_names -> Text,
        policies -> Text,
        nfvi_host_group_data -> Text,
    }
}

diesel::table! {
    hypervisors (uuid) {
        uuid -> Text,
        admin_state -> Text,
        oper_state -> Text,
        host_name -> Text,
        stats_available -> Bool,
        vcpus_used -> BigInt,
        vcpus_max -> BigInt,
        mem_used_mb -> BigInt,
        mem_free_mb -> BigInt,
        mem_max_mb -> BigInt,
        disk_used_gb -> BigInt,
        disk_max_gb -> BigInt,
        running_instances -> BigInt,
        nfvi_hypervisor_data -> Text,
    }
}

diesel::table! {
    instance_types_v5 (uuid) {
        uuid -> Text,
        name -> Text,
        have_details -> Bool,
        vcpus -> BigInt,
        mem_mb -> BigInt,
        disk_gb -> BigInt,
        ephemeral_gb -> BigInt,
        swap_gb -> BigInt,
        guest_services -> Text,
        auto_recovery -> Nullable<Bool>,
        live_migration_timeout -> Nullable<BigInt>,
        live_migration_max_downtime -> Nullable<BigInt>,
    }
}

diesel::table! {
    instances_v5 (uuid) {
        uuid -> Text,
        name -> Text,
        admin_state -> Text,
        oper_state -> Text,
        avail_status -> Text,
        action -> Text,
        host_name -> Nullable<Text>,
        image_uuid -> Nullable<Text>,
        live_migration_support -> Bool,
        elapsed_time_in_state -> Text,
        elapsed_time_on_host -> Text,
        action_data -> Nullable<Text>,
        last_action_data -> Nullable<Text>,
        guest_services -> Nullable<Text>,
        nfvi_instance_data -> Text,
        recoverable -> Bool,
        unlock_to_recover -> Bool,
    }
}

diesel::table! {
    instance_groups (uuid) {
        uuid -> Text,
        name -> Text,
        member_uuids -> Text,
        policies -> Text,
        nfvi_instance_group_data -> Text,
    }
}

diesel::table! {
    service_hosts (name, service, zone) {
        name -> Text,
        service -> Text,
        zone -> Text,
    }
}

diesel::table! {
    host_aggregates (name) {
        name -> Text,
        host_names -> Text,
        availability_zone -> Nullable<Text>,
        nfvi_host_aggregate_data -> Text,
    }
}

diesel::table! {
    sw_updates (uuid) {
        uuid -> Text,
        sw_update_type -> Text,
        strategy_data -> Text,
    }
}

diesel::table! {
    hosts_v5 (uuid) {
        uuid -> Text,
        name -> Text,
        personality -> Text,
        state -> Text,
        action -> Text,
        upgrade_inprogress -> Bool,
        recover_instances -> Bool,
        uptime -> Text,
        elapsed_time_in_state -> Text,
        host_services_locked -> Bool,
        nfvi_host_data -> Text,
    }
}

diesel::table! {
    instance_types_v4 (uuid) {
        uuid -> Text,
        name -> Text,
        have_details -> Bool,
        vcpus -> BigInt,
        mem_mb -> BigInt,
        disk_gb -> BigInt,
        ephemeral_gb -> BigInt,
        swap_gb -> BigInt,
        guest_services -> Text,
        auto_recovery -> Nullable<Bool>,
        live_migration_timeout -> Nullable<BigInt>,
        live_migration_max_downtime -> Nullable<BigInt>,
        storage_type -> Nullable<Text>,
    }
}

diesel::table! {
    instances_v4 (uuid) {
        uuid -> Text,
        name -> Text,
        admin_state -> Text,
        oper_state -> Text,
        avail_status -> Text,
        action -> Text,
        host_name -> Nullable<Text>,
        instance_type_uuid -> Text,
        image_uuid -> Nullable<Text>,
        live_migration_support -> Bool,
        elapsed_time_in_state -> Text,
        elapsed_time_on_host -> Text,
        action_data -> Nullable<Text>,
        last_action_data -> Nullable<Text>,
        guest_services -> Nullable<Text>,
        nfvi_instance_data -> Text,
        recoverable -> Bool,
        unlock_to_recover -> Bool,
    }
}

diesel::table! {
    nfv_history (seq) {
        seq -> BigInt,
        kind -> Text,
        key -> Text,
        open -> Bool,
        data -> Text,
    }
}

diesel::table! {
    nfv_state (kind, key) {
        kind -> Text,
        key -> Text,
        data -> Text,
    }
}
