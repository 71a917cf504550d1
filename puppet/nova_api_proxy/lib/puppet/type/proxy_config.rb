# frozen_string_literal: true

begin
  require 'puppet_x/nfv/ini_setting'
rescue LoadError
  require_relative '../../../../nfv/lib/puppet_x/nfv/ini_setting'
end

Puppet::Type.newtype(:proxy_config) do
  PuppetX::Nfv::IniSetting.define_type(self, '/etc/proxy/nova-api-proxy.conf')
end
