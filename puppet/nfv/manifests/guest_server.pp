# @summary The package of the guest heartbeat on workers. Its configuration is the packaged one.
#
# @param package_ensure
#   What the package is to be.
class nfv::guest_server (
  $package_ensure = present,
) {
  include nfv::params

  $package = $nfv::params::family ? {
    'Debian' => 'mtce-guest-server',
    default  => 'mtce-guestServer',
  }

  package { 'mtce-guestServer':
    ensure => $package_ensure,
    name   => $package,
  }
}
