# @summary Names of files and packages.
class nfv::params {
  # facts of old and new releases of facter
  $family = $facts['os'] ? {
    Hash    => $facts['os']['family'],
    default => $facts['osfamily'],
  }

  unless $family in ['Debian', 'RedHat', 'WRLinux'] {
    fail("nfv: osfamily ${family} is none of Debian, RedHat, WRLinux")
  }

  $nfv_conf_dir = '/etc/nfv'
  $nfv_plugin_conf_dir = '/etc/nfv/nfv_plugins'

  $nfv_vim_conf = '/etc/nfv/vim/config.ini'
  $nfv_plugin_alarm_conf = '/etc/nfv/nfv_plugins/alarm_handlers/config.ini'
  $nfv_plugin_event_log_conf = '/etc/nfv/nfv_plugins/event_log_handlers/config.ini'
  $nfv_plugin_nfvi_conf = '/etc/nfv/nfv_plugins/nfvi_plugins/config.ini'

  $package_name = 'nfv-vim'
  $nfv_plugin_package_name = 'nfv-plugins'
  $nfv_common_package_name = 'nfv-common'
}
