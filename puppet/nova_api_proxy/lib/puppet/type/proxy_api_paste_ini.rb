# frozen_string_literal: true

begin
  require 'puppet_x/nfv/ini_setting'
rescue LoadError
  require_relative '../../../../nfv/lib/puppet_x/nfv/ini_setting'
end

Puppet::Type.newtype(:proxy_api_paste_ini) do
  PuppetX::Nfv::IniSetting.define_type(self, '/etc/proxy/api-proxy-paste.ini')
end
