# frozen_string_literal: true

require 'spec_helper'

describe 'nfv' do
  %w[Debian RedHat WRLinux].each do |family|
    context "on #{family}" do
      let(:facts) { { os: { 'family' => family }, osfamily: family } }
      let(:pre_condition) { "include nfv::vim\ninclude nfv::nfvi\ninclude nfv::alarm\ninclude nfv::event_log" }

      it { is_expected.to compile }
      it { is_expected.to contain_package('nfv').with(name: 'nfv-vim', ensure: 'present') }
      it { is_expected.to contain_package('nfv-plugins').with_ensure('present') }
      it { is_expected.to contain_file('/etc/nfv/vim/config.ini').with_ensure('present').that_requires('Package[nfv]') }

      %w[alarm_handlers event_log_handlers nfvi_plugins].each do |name|
        it { is_expected.to contain_file("/etc/nfv/nfv_plugins/#{name}/config.ini").that_requires('Package[nfv-plugins]') }
      end

      it { is_expected.to contain_nfv_vim_config('vim/rpc_port').that_requires('Package[nfv]') }
      it { is_expected.to contain_nfv_plugin_nfvi_config('amqp/port').that_requires('Package[nfv-plugins]') }
      it { is_expected.to contain_nfv_plugin_alarm_config('File-Storage/file').that_requires('Package[nfv-plugins]') }
      it { is_expected.to contain_nfv_plugin_event_log_config('File-Storage/file').that_requires('Package[nfv-plugins]') }
    end
  end

  context 'with a facter of old' do
    let(:facts) { { os: nil, osfamily: 'RedHat' } }

    it { is_expected.to compile }
  end

  context 'elsewhere' do
    let(:facts) { { os: { 'family' => 'Suse' }, osfamily: 'Suse' } }

    it { is_expected.to compile.and_raise_error(/Suse/) }
  end
end

# What each class writes by default stands in tests/real/puppet/expected, and is held against files that it has written.
{
  'nfv::vim' => ['nfv_vim_config', 31, { 'vim_api_ip' => 'fd00::2' }, 'vim-api/host', 'fd00::2'],
  'nfv::nfvi' => ['nfv_plugin_nfvi_config', 75, { 'rabbit_port' => 5673 }, 'amqp/port', 5673],
  'nfv::alarm' => ['nfv_plugin_alarm_config', 1, { 'storage_file' => '/a' }, 'File-Storage/file', '/a'],
  'nfv::event_log' => ['nfv_plugin_event_log_config', 1, { 'storage_file' => '/a' }, 'File-Storage/file', '/a']
}.each do |name, (type, count, own, key, value)|
  describe name do
    it { is_expected.to compile }
    it { is_expected.to have_resource_count(count) }

    context 'with a value of the site' do
      let(:params) { own }

      it { is_expected.to send("contain_#{type}", key).with_value(value) }
    end
  end
end

describe 'nfv::nfvi' do
  it { is_expected.to contain_nfv_plugin_nfvi_config('amqp/password').with(value: 'guest', secret: true) }
  it { is_expected.not_to contain_nfv_plugin_nfvi_config('openstack/authorization_uri') }

  context 'with identity_uri' do
    let(:params) { { identity_uri: 'http://k:5000' } }

    it { is_expected.to contain_nfv_plugin_nfvi_config('openstack/authorization_uri').with_value('http://k:5000') }
  end
end

describe 'nfv::keystone::auth' do
  let(:pre_condition) do
    'define keystone::resource::service_identity($auth_name, $password, $email, $tenant, $service_name, $service_type,
       $service_description, $region, $public_url, $admin_url, $internal_url, $configure_user, $configure_user_role,
       $configure_endpoint) {}'
  end

  context 'with a password' do
    let(:params) { { password: 'p' } }

    it do
      is_expected.to contain_keystone__resource__service_identity('vim').with(
        password: 'p', tenant: 'services', email: 'vim@localhost', service_name: 'vim', service_type: 'nfv',
        service_description: 'Virtual Infrastructure Manager', region: 'RegionOne', public_url: 'http://127.0.0.1:4545',
        admin_url: 'http://127.0.0.1:4545', internal_url: 'http://127.0.0.1:4545', configure_user: true,
        configure_user_role: true, configure_endpoint: true
      )
    end
  end

  context 'with another user and no name of the service' do
    let(:params) { { password: 'p', auth_name: 'other', service_name: '' } }

    it { is_expected.to contain_keystone__resource__service_identity('other').with_service_name('other') }
  end

  context 'without a password' do
    it { is_expected.to compile.and_raise_error(/password/) }
  end
end

describe 'nfv::guest_agent' do
  it { is_expected.to contain_package('mtce-guestAgent').with(name: 'mtce-guest-agent', ensure: 'present') }

  context 'on RedHat' do
    let(:facts) { { os: { 'family' => 'RedHat' } } }

    it { is_expected.to contain_package('mtce-guestAgent').with_name('mtce-guestAgent') }
  end
end

describe 'nfv::guest_server' do
  it { is_expected.to contain_package('mtce-guestServer').with_name('mtce-guest-server') }
end
