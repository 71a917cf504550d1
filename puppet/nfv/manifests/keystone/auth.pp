# @summary User, service and endpoints of the VIM in Keystone.
#
# @param password
#   Of the user.
# @param auth_name
#   The user.
# @param tenant
#   The user's project.
# @param email
#   The user's.
# @param region
#   Of the endpoints.
# @param service_description
#   In the catalog.
# @param service_name
#   In the catalog; the user's name when empty.
# @param service_type
#   In the catalog.
# @param configure_endpoint
#   Whether endpoints are made.
# @param configure_user
#   Whether the user is made.
# @param configure_user_role
#   Whether the user gets its role.
# @param public_url
#   Public endpoint.
# @param admin_url
#   Endpoint of administrators.
# @param internal_url
#   Internal endpoint.
class nfv::keystone::auth (
  $password,
  $auth_name           = 'vim',
  $tenant              = 'services',
  $email               = 'vim@localhost',
  $region              = 'RegionOne',
  $service_description = 'Virtual Infrastructure Manager',
  $service_name        = 'vim',
  $service_type        = 'nfv',
  $configure_endpoint  = true,
  $configure_user      = true,
  $configure_user_role = true,
  $public_url          = 'http://127.0.0.1:4545',
  $admin_url           = 'http://127.0.0.1:4545',
  $internal_url        = 'http://127.0.0.1:4545',
) {
  $name_in_catalog = $service_name ? {
    undef   => $auth_name,
    ''      => $auth_name,
    default => $service_name,
  }

  keystone::resource::service_identity { $auth_name:
    auth_name           => $auth_name,
    password            => $password,
    email               => $email,
    tenant              => $tenant,
    service_name        => $name_in_catalog,
    service_type        => $service_type,
    service_description => $service_description,
    region              => $region,
    public_url          => $public_url,
    admin_url           => $admin_url,
    internal_url        => $internal_url,
    configure_user      => $configure_user,
    configure_user_role => $configure_user_role,
    configure_endpoint  => $configure_endpoint,
  }
}
