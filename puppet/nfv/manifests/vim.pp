# @summary Writes /etc/nfv/vim/config.ini.
#
# Each parameter is the value of the key beside it below. `enabled` has no effect: the service manager runs the processes.
class nfv::vim (
  $enabled                                = false,
  $debug_config_file                      = '/etc/nfv/vim/debug.ini',
  $debug_handlers                         = 'syslog, stdout',
  $debug_syslog_address                   = '/dev/log',
  $debug_syslog_facility                  = 'user',
  $database_dir                           = '/opt/platform/nfv/vim',
  $alarm_namespace                        = 'nfv_vim.alarm.handlers.v1',
  $alarm_handlers                         = 'File-Storage, Fault-Management',
  $alarm_audit_interval                   = 30,
  $alarm_config_file                      = '/etc/nfv/nfv_plugins/alarm_handlers/config.ini',
  $event_log_namespace                    = 'nfv_vim.event_log.handlers.v1',
  $event_log_handlers                     = 'File-Storage, Event-Log-Management',
  $event_log_config_file                  = '/etc/nfv/nfv_plugins/event_log_handlers/config.ini',
  $nfvi_namespace                         = 'nfv_vim.nfvi.plugins.v1',
  $nfvi_config_file                       = '/etc/nfv/nfv_plugins/nfvi_plugins/config.ini',
  $image_plugin_disabled                  = false,
  $block_storage_plugin_disabled          = false,
  $compute_plugin_disabled                = false,
  $network_plugin_disabled                = false,
  $guest_plugin_disabled                  = false,
  $instance_max_live_migrate_wait_in_secs = 180,
  $instance_single_hypervisor             = false,
  $vim_rpc_ip                             = '127.0.0.1',
  $vim_rpc_port                           = 4343,
  $vim_api_ip                             = '0.0.0.0',
  $vim_api_port                           = 4545,
  $vim_api_rpc_ip                         = '127.0.0.1',
  $vim_api_rpc_port                       = 0,
  $vim_webserver_ip                       = '0.0.0.0',
  $vim_webserver_port                     = 32323,
  $vim_webserver_source_dir               = '/usr/lib64/python2.7/site-packages/nfv_vim/webserver',
  $sw_mgmt_single_controller              = false,
) {
  include nfv::params

  $settings = {
    'debug'                  => {
      'config_file'     => $debug_config_file,
      'handlers'        => $debug_handlers,
      'syslog_address'  => $debug_syslog_address,
      'syslog_facility' => $debug_syslog_facility,
    },
    'database'               => {
      'database_dir' => $database_dir,
    },
    'alarm'                  => {
      'namespace'      => $alarm_namespace,
      'handlers'       => $alarm_handlers,
      'audit_interval' => $alarm_audit_interval,
      'config_file'    => $alarm_config_file,
    },
    'event-log'              => {
      'namespace'   => $event_log_namespace,
      'handlers'    => $event_log_handlers,
      'config_file' => $event_log_config_file,
    },
    'nfvi'                   => {
      'namespace'                     => $nfvi_namespace,
      'config_file'                   => $nfvi_config_file,
      'image_plugin_disabled'         => $image_plugin_disabled,
      'block_storage_plugin_disabled' => $block_storage_plugin_disabled,
      'compute_plugin_disabled'       => $compute_plugin_disabled,
      'network_plugin_disabled'       => $network_plugin_disabled,
      'guest_plugin_disabled'         => $guest_plugin_disabled,
    },
    'instance-configuration' => {
      'max_live_migrate_wait_in_secs' => $instance_max_live_migrate_wait_in_secs,
      'single_hypervisor'             => $instance_single_hypervisor,
    },
    'vim'                    => {
      'rpc_host' => $vim_rpc_ip,
      'rpc_port' => $vim_rpc_port,
    },
    'vim-api'                => {
      'host'     => $vim_api_ip,
      'port'     => $vim_api_port,
      'rpc_host' => $vim_api_rpc_ip,
      'rpc_port' => $vim_api_rpc_port,
    },
    'vim-webserver'          => {
      'host'       => $vim_webserver_ip,
      'port'       => $vim_webserver_port,
      'source_dir' => $vim_webserver_source_dir,
    },
    'sw-mgmt-configuration'  => {
      'single_controller' => $sw_mgmt_single_controller,
    },
  }

  $settings.each |$section, $keys| {
    $keys.each |$key, $value| {
      nfv_vim_config { "${section}/${key}":
        value => $value,
      }
    }
  }
}
