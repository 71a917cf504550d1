# @summary The package of nova-api-proxy and its configuration file, before any setting in it.
#
# @param package_ensure
#   What the package is to be.
class nova_api_proxy (
  $package_ensure = present,
) {
  package { 'nova_api_proxy':
    ensure => $package_ensure,
    name   => 'nova-api-proxy',
  }

  file { '/etc/proxy/nova-api-proxy.conf':
    ensure  => present,
    require => Package['nova_api_proxy'],
  }

  Package['nova_api_proxy'] -> Proxy_config<||>
  Package['nova_api_proxy'] -> Proxy_api_paste_ini<||>
}
