# @summary Where the file handler of alarms writes.
#
# @param enabled
#   Without effect: the service manager runs the processes.
# @param storage_file
#   The file.
class nfv::alarm (
  $enabled      = false,
  $storage_file = '/var/log/nfv-vim-alarms.log',
) {
  include nfv::params

  nfv_plugin_alarm_config { 'File-Storage/file':
    value => $storage_file,
  }
}
