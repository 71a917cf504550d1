# @summary The packages of the VIM and its configuration files, before any setting in them.
class nfv {
  include nfv::params

  $owners = {
    'nfv'         => {
      'package' => $nfv::params::package_name,
      'files'   => [$nfv::params::nfv_vim_conf],
    },
    'nfv-plugins' => {
      'package' => $nfv::params::nfv_plugin_package_name,
      'files'   => [
        $nfv::params::nfv_plugin_alarm_conf,
        $nfv::params::nfv_plugin_event_log_conf,
        $nfv::params::nfv_plugin_nfvi_conf,
      ],
    },
  }

  $owners.each |$title, $owner| {
    package { $title:
      ensure => present,
      name   => $owner['package'],
    }

    file { $owner['files']:
      ensure  => present,
      require => Package[$title],
    }
  }

  Package['nfv'] -> Nfv_vim_config<||>
  Package['nfv-plugins'] -> Nfv_plugin_alarm_config<||>
  Package['nfv-plugins'] -> Nfv_plugin_event_log_config<||>
  Package['nfv-plugins'] -> Nfv_plugin_nfvi_config<||>
}
