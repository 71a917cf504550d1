# @summary Where the file handler of event logs writes.
#
# @param enabled
#   Without effect: the service manager runs the processes.
# @param storage_file
#   The file.
class nfv::event_log (
  $enabled      = false,
  $storage_file = '/var/log/nfv-vim-events.log',
) {
  include nfv::params

  nfv_plugin_event_log_config { 'File-Storage/file':
    value => $storage_file,
  }
}
