# frozen_string_literal: true

require 'spec_helper'

describe 'nova_api_proxy' do
  let(:pre_condition) { "class { 'nova_api_proxy::config': admin_password => 'p' }" }

  it { is_expected.to compile }
  it { is_expected.to contain_package('nova_api_proxy').with(name: 'nova-api-proxy', ensure: 'present') }
  it { is_expected.to contain_file('/etc/proxy/nova-api-proxy.conf').that_requires('Package[nova_api_proxy]') }
  it { is_expected.to contain_proxy_config('DEFAULT/pool_size').that_requires('Package[nova_api_proxy]') }
end

describe 'nova_api_proxy::config' do
  let(:params) { { admin_password: 'p' }.merge(own) }
  let(:own) { {} }

  it { is_expected.to compile }
  it { is_expected.to contain_proxy_config('keystone_authtoken/password').with(value: 'p', secret: true) }
  it { is_expected.to contain_proxy_config('keystone_authtoken/auth_uri').with_value('http://127.0.0.1:5000/') }
  it { is_expected.to contain_proxy_config('DEFAULT/use_syslog').with_value('False') }
  it { is_expected.not_to contain_proxy_config('DEFAULT/use_ssl') }
  it { is_expected.not_to contain_proxy_config('DEFAULT/osapi_proxy_listen_port') }
  it { is_expected.not_to contain_proxy_config('keystone_authtoken/auth_url') }

  %w[DEFAULT/ssl_cert_file DEFAULT/ssl_key_file DEFAULT/ssl_ca_file keystone_authtoken/auth_version
     keystone_authtoken/auth_admin_prefix].each do |key|
    it { is_expected.to contain_proxy_config(key).with_ensure('absent') }
  end

  context 'with TLS' do
    let(:own) { { use_ssl: true, cert_file: '/c', key_file: '/k' } }

    it { is_expected.to contain_proxy_config('DEFAULT/use_ssl').with_value(true) }
    it { is_expected.to contain_proxy_config('DEFAULT/ssl_cert_file').with_value('/c') }
    it { is_expected.to contain_proxy_config('DEFAULT/ssl_ca_file').with_ensure('absent') }
  end

  context 'with TLS and half of its files' do
    let(:own) { { use_ssl: true, cert_file: '/c' } }

    it { is_expected.to compile.and_raise_error(/key_file/) }
  end

  context 'with a prefix that is none' do
    let(:own) { { auth_admin_prefix: 'a/' } }

    it { is_expected.to compile.and_raise_error(/auth_admin_prefix/) }
  end

  context 'with syslog' do
    let(:own) { { use_syslog: true, log_facility: 'local5' } }

    it { is_expected.to contain_proxy_config('DEFAULT/use_syslog').with_value('True') }
    it { is_expected.to contain_proxy_config('DEFAULT/syslog_log_facility').with_value('local5') }
    it { is_expected.not_to contain_proxy_config('DEFAULT/log_file') }
  end
end
