# @summary Writes /etc/proxy/nova-api-proxy.conf.
#
# `enabled`, `ensure_package` and `auth_port` have no effect. What is false is left to the process: its key is removed.
class nova_api_proxy::config (
  $admin_password,
  $enabled                  = false,
  $ensure_package           = 'present',
  $auth_type                = 'password',
  $auth_strategy            = 'keystone',
  $auth_host                = '127.0.0.1',
  $auth_port                = 5000,
  $auth_protocol            = 'http',
  $auth_uri                 = false,
  $auth_admin_prefix        = false,
  $auth_version             = false,
  $admin_tenant_name        = 'services',
  $admin_user               = 'nova',
  $osapi_proxy_listen       = '0.0.0.0',
  $osapi_compute_listen     = '0.0.0.0',
  $nfvi_compute_listen      = '127.0.0.1',
  $nfvi_compute_listen_port = 30003,
  $use_ssl                  = false,
  $ca_file                  = false,
  $cert_file                = false,
  $key_file                 = false,
  $identity_uri             = undef,
  $user_domain_name         = 'Default',
  $project_domain_name      = 'Default',
  $eventlet_pool_size       = 128,
  $use_syslog               = false,
  $log_facility             = 'LOG_USER',
  $use_stderr               = false,
  $log_file                 = 'nova-api-proxy.log',
  $log_dir                  = '/var/log/nova',
) {
  if $use_ssl and !$cert_file {
    fail('nova_api_proxy::config: use_ssl wants cert_file')
  }
  if $use_ssl and !$key_file {
    fail('nova_api_proxy::config: use_ssl wants key_file')
  }
  if $auth_admin_prefix and $auth_admin_prefix !~ /\A(\/.+[^\/])?\z/ {
    fail("nova_api_proxy::config: auth_admin_prefix ${auth_admin_prefix} has to begin with a slash and not to end with one")
  }

  $listening = {
    'DEFAULT/auth_strategy'            => $auth_strategy,
    'DEFAULT/osapi_proxy_listen'       => $osapi_proxy_listen,
    'DEFAULT/osapi_compute_listen'     => $osapi_compute_listen,
    'DEFAULT/nfvi_compute_listen'      => $nfvi_compute_listen,
    'DEFAULT/nfvi_compute_listen_port' => $nfvi_compute_listen_port,
    'DEFAULT/pool_size'                => $eventlet_pool_size,
  }

  # without TLS, use_ssl stays as it is and its files go
  $tls = if $use_ssl {
    {
      'DEFAULT/use_ssl'       => $use_ssl,
      'DEFAULT/ssl_cert_file' => $cert_file,
      'DEFAULT/ssl_key_file'  => $key_file,
      'DEFAULT/ssl_ca_file'   => $ca_file,
    }
  } else {
    {
      'DEFAULT/ssl_cert_file' => false,
      'DEFAULT/ssl_key_file'  => false,
      'DEFAULT/ssl_ca_file'   => false,
    }
  }

  # as text, 'False' is a value; the boolean removes the key
  $logging = if $use_syslog {
    {
      'DEFAULT/use_syslog'          => 'True',
      'DEFAULT/syslog_log_facility' => $log_facility,
    }
  } else {
    {
      'DEFAULT/use_syslog' => 'False',
      'DEFAULT/use_stderr' => 'False',
      'DEFAULT/log_file'   => $log_file,
      'DEFAULT/log_dir'    => $log_dir,
    }
  }

  $keystone_uri = if $auth_uri { $auth_uri } else { "${auth_protocol}://${auth_host}:5000/" }
  $keystone = {
    'keystone_authtoken/auth_uri'            => $keystone_uri,
    'keystone_authtoken/auth_version'        => $auth_version,
    'keystone_authtoken/auth_admin_prefix'   => $auth_admin_prefix,
    'keystone_authtoken/auth_type'           => $auth_type,
    'keystone_authtoken/project_name'        => $admin_tenant_name,
    'keystone_authtoken/username'            => $admin_user,
    'keystone_authtoken/password'            => $admin_password,
    'keystone_authtoken/user_domain_name'    => $user_domain_name,
    'keystone_authtoken/project_domain_name' => $project_domain_name,
  }

  $identity = if $identity_uri { { 'keystone_authtoken/auth_url' => $identity_uri } } else { {} }

  ($listening + $tls + $logging + $keystone + $identity).each |$name, $value| {
    if $value {
      proxy_config { $name:
        value  => $value,
        secret => $name == 'keystone_authtoken/password',
      }
    } else {
      proxy_config { $name:
        ensure => absent,
      }
    }
  }
}
