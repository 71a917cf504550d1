# @summary The package of the guest heartbeat on controllers. Its configuration is the packaged one.
#
# @param package_ensure
#   What the package is to be.
class nfv::guest_agent (
  $package_ensure = present,
) {
  include nfv::params

  $package = $nfv::params::family ? {
    'Debian' => 'mtce-guest-agent',
    default  => 'mtce-guestAgent',
  }

  package { 'mtce-guestAgent':
    ensure => $package_ensure,
    name   => $package,
  }
}
